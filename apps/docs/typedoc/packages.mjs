// @ts-check
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publishedPackages } from "../../../tooling/release/packages.mjs";

export const docsFolder = dirname(dirname(fileURLToPath(import.meta.url)));

export const root = join(docsFolder, "..", "..");

export const packagesFolder = join(root, "packages");

/**
 * The entry points of all published packages, from the lowest floor up: the name that users import, its
 * source file, and the package's folder.
 *
 * @returns {{ name: string, source: string, folder: string }[]}
 */
export function entryPoints() {
  return publishedPackages(root).flatMap(({ folder, manifest }) =>
    Object.entries(manifest.exports)
      .filter(([, target]) => typeof target["@gen/source"] === "string")
      .map(([subpath, target]) => ({
        name: join(manifest.name, subpath),
        source: join(folder, target["@gen/source"]),
        folder: basename(folder),
      })),
  );
}
