import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const recorder = "/problems.js";

// Records a page's errors and warnings, for engines whose driver does not report them.
const recorderSource = `
window.problems = [];
const keep = (text) => window.problems.push(text);
for (const [name, kind] of [["error", "error"], ["warn", "warning"]]) {
  const original = console[name];
  console[name] = (...what) => {
    keep(kind + ": " + what.map(String).join(" "));
    original.apply(console, what);
  };
}
addEventListener("error", ({ message, target }) => {
  if (message !== undefined) keep("uncaught: " + message);
  else keep("failed: " + (target.src ?? target.href));
}, true);
addEventListener("unhandledrejection", ({ reason }) => keep("uncaught: " + (reason?.message ?? reason)));
`;

/** The page with the recorder as its first script. */
const withRecorder = (html: string): string =>
  html.replace(/<head[^>]*>/, (head) => `${head}<script src="${recorder}"></script>`);

type Headers = Readonly<Record<string, string>>;

export interface ServeOptions {
  /** Whether to send the headers that let a page share memory. @defaultValue `false` */
  readonly isolated?: boolean;
  /** Headers of every response, or those of a request's path. */
  readonly headers?: Headers | ((path: string, request: IncomingHttpHeaders) => Headers);
}

export interface Server {
  /** The address of the root, with a trailing slash. */
  readonly url: string;
  /** From now on, breaks every connection, as without a network. */
  cut(): void;
  close(): Promise<void>;
}

/**
 * Serves folders to this machine only, each under its path. A path that ends in `/` serves
 * `index.html`. Every page records its errors and warnings in `window.problems`.
 */
export async function serve(
  folders: Readonly<Record<string, string>>,
  { isolated = false, headers = {} }: ServeOptions = {},
): Promise<Server> {
  let offline = false;
  const server = createServer(async (request, response) => {
    if (offline) {
      request.socket.destroy();
      return;
    }
    const { pathname } = new URL(request.url ?? "/", "http://page");
    const own = typeof headers === "function" ? headers(pathname, request.headers) : headers;
    const all = { ...(isolated && isolation), ...own };
    if (pathname === recorder) {
      response.writeHead(200, { ...all, "content-type": types[".js"] }).end(recorderSource);
      return;
    }
    const path = normalize(decodeURIComponent(pathname)).replaceAll("\\", "/");
    const under = Object.keys(folders).find((each) => path.startsWith(each));
    const name = path.endsWith("/") ? `${path}index.html` : path;
    const file = under === undefined ? "" : join(folders[under], name.slice(under.length));
    const found = await stat(file).catch(() => undefined);
    if (!found?.isFile()) {
      response.writeHead(404, all).end();
      return;
    }
    const type = types[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { ...all, "content-type": type });
    if (type === types[".html"]) response.end(withRecorder(await readFile(file, "utf8")));
    else createReadStream(file).pipe(response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    cut() {
      offline = true;
      server.closeAllConnections();
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
