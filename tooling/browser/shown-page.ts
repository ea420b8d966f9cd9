import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, defaultClientConditions, preview } from "vite";

/** A page that a guide shows, built and served. */
export interface ShownPage {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Builds and serves the files that a guide shows, such as `index.html` and `vite.config.mjs`, as
 * `npx vite build && npx vite preview` do in the folder of a reader. `modules` has the packages that
 * the reader installed, and `folders` are those that the reader has in `public/`, by name.
 */
export async function serveShownPage(
  files: Readonly<Record<string, string>>,
  modules: string,
  folders: Readonly<Record<string, string>> = {},
): Promise<ShownPage> {
  const root = await mkdtemp(join(tmpdir(), "gen-shown-"));
  const remove = () => rm(root, { recursive: true, force: true });
  try {
    await symlink(modules, join(root, "node_modules"), "junction");
    await mkdir(join(root, "public"));
    for (const [name, folder] of Object.entries(folders)) {
      await symlink(folder, join(root, "public", name), "junction");
    }
    for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
    const shared = { root, logLevel: "error" as const };
    await build({
      ...shared,
      // The packages' sources, so that a test never uses a stale build.
      resolve: { conditions: ["@gen/source", ...defaultClientConditions] },
      build: {
        // Minifying takes seconds and changes no behavior.
        minify: false,
        reportCompressedSize: false,
        chunkSizeWarningLimit: 2000,
        rolldownOptions: {
          input: Object.keys(files).flatMap((name) =>
            name.endsWith(".html") ? [join(root, name)] : [],
          ),
        },
      },
    });
    const server = await preview({ ...shared, preview: { host: "127.0.0.1", port: 0 } });
    return {
      url: server.resolvedUrls?.local[0] ?? "",
      async close() {
        await server.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
