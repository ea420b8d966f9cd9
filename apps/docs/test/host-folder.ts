import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

type Headers = Readonly<Record<string, string>>;
type Rule = { readonly path: string; readonly headers: Headers };

/** The rules of a file `_headers`: a path, which may end in `*`, above its indented headers. */
export function readHeaderFile(text: string): Rule[] {
  const rules: { path: string; headers: Record<string, string> }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("#") || line.trim() === "") continue;
    if (line.startsWith("/")) {
      rules.push({ path: line.trim(), headers: {} });
      continue;
    }
    const [, name, value] = /^ +([\w-]+): (.+)$/.exec(line) ?? [];
    const rule = rules.at(-1);
    if (!rule || !name) throw new Error(`_headers has a line of no kind: ${line}`);
    rule.headers[name.toLowerCase()] = value;
  }
  return rules;
}

const headersOf = (rules: readonly Rule[], path: string): Headers =>
  Object.assign(
    {},
    ...rules
      .filter((rule) =>
        rule.path.endsWith("*") ? path.startsWith(rule.path.slice(0, -1)) : path === rule.path,
      )
      .map(({ headers }) => headers),
  );

/** Serves a folder as a static host does that reads a file `_headers`. */
export async function hostFolder(folder: string, rules: readonly Rule[]) {
  let offline = false;
  /** The headers of each file that was sent, by its path. */
  const sent = new Map<string, Headers>();
  const server = createServer(async (request, response) => {
    if (offline) {
      request.socket.destroy();
      return;
    }
    const { pathname } = new URL(request.url ?? "/", "http://host");
    const path = normalize(pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    const headers = headersOf(rules, path.replaceAll("\\", "/"));
    try {
      const bytes = await readFile(join(folder, path));
      const type = types[extname(path)] ?? "application/octet-stream";
      response.writeHead(200, { ...headers, "content-type": type }).end(bytes);
      sent.set(pathname, headers);
    } catch {
      // Browsers ask for an icon by themselves.
      response.writeHead(pathname === "/favicon.ico" ? 204 : 404, headers).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sent,
    /** From now on, breaks every connection, as without a network. */
    cut() {
      offline = true;
      server.closeAllConnections();
    },
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
