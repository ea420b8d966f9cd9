import { createHash } from "node:crypto";
import type { Plugin } from "vite";
import { modelFolder } from "../../tooling/fixtures/model-folder.ts";

/**
 * Publishes a folder of tooling/fixtures/folders under `example-model/`. The module
 * `virtual:example-model` has the SHA-256 of each file.
 */
export function exampleModel(name: string): Plugin {
  const base = "example-model";
  const module = "virtual:example-model";
  async function files(): Promise<Map<string, Uint8Array>> {
    const { paths, read } = modelFolder(name);
    const found = new Map<string, Uint8Array>();
    for (const path of paths) found.set(path, (await read(path)) as Uint8Array);
    return found;
  }
  return {
    name: base,
    resolveId: (id) => (id === module ? `\0${module}` : undefined),
    async load(id) {
      if (id !== `\0${module}`) return undefined;
      const hashes = [...(await files())].map(([path, bytes]) => {
        return [path, createHash("sha256").update(bytes).digest("hex")];
      });
      return `export const sha256 = ${JSON.stringify(Object.fromEntries(hashes))};`;
    },
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
