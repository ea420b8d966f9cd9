import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const types: Record<string, string> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/**
 * Serves a page that runs `main.js` to this machine alone; the files under each path come from its folder.
 */
export async function serve(
  folders: Readonly<Record<string, string>>,
  { isolated }: { isolated: boolean },
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://page");
    const headers = isolated ? isolation : {};
    if (pathname === "/") {
      response.writeHead(200, { ...headers, "content-type": "text/html" });
      response.end(
        '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/main.js"></script>',
      );
      return;
    }
    const path = normalize(pathname);
    const under = Object.keys(folders).find((each) => path.startsWith(each)) as string;
    const file = createReadStream(join(folders[under], path.slice(under.length)));
    file.on("open", () => {
      const type = types[extname(pathname)] ?? "application/octet-stream";
      response.writeHead(200, { ...headers, "content-type": type });
      file.pipe(response);
    });
    file.on("error", () => response.writeHead(404).end());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
