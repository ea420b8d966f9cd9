import { createHash } from "node:crypto";
import type { Plugin } from "vite";
import { modelFolder } from "../../tooling/fixtures/model-folder.ts";

/**
 * Publishes a folder of tooling/fixtures/folders under `example-model/`, with the SHA-256 of each file
 * in `example-model/files.json`.
 */
export function exampleModel(name: string): Plugin {
  const base = "example-model";
  async function files(): Promise<Map<string, Uint8Array>> {
    const { paths, read } = modelFolder(name);
    const found = new Map<string, Uint8Array>();
    for (const path of paths) found.set(path, (await read(path)) as Uint8Array);
    const hashes = [...found].map(([path, bytes]) => {
      return [path, createHash("sha256").update(bytes).digest("hex")];
    });
    return found.set("files.json", Buffer.from(JSON.stringify(Object.fromEntries(hashes))));
  }
  return {
    name: "example-model",
    async generateBundle() {
      for (const [path, source] of await files()) {
        this.emitFile({ type: "asset", fileName: `${base}/${path}`, source });
      }
    },
    configureServer({ middlewares }) {
      middlewares.use(`/${base}/`, async (request, response) => {
        const path = new URL(request.url ?? "/", "http://page").pathname.slice(1);
        const bytes = (await files()).get(path);
        response.statusCode = bytes ? 200 : 404;
        response.end(bytes);
      });
    },
  };
}
