import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** This package's manifest. */
export const manifest = (): Manifest => require("../package.json");

/** This package's version. */
export const version = (): string => manifest().version;

/** The version of an installed package; undefined where it is missing. */
export function versionOf(name: string): string | undefined {
  try {
    // Not every package exports its package.json.
    for (let folder = dirname(require.resolve(name)); ; folder = dirname(folder)) {
      const path = join(folder, "package.json");
      const found: Partial<Manifest> = existsSync(path)
        ? JSON.parse(readFileSync(path, "utf8"))
        : {};
      if (found.name === name) return found.version;
      if (folder === dirname(folder)) return undefined;
    }
  } catch {
    return undefined;
  }
}

/** The versions of gen, Node and the installed engines, for reports. */
export function versions(): Record<string, string> {
  const found: Record<string, string> = { gen: version(), node: process.versions.node };
  for (const name of Object.keys(manifest().peerDependencies).sort()) {
    const installed = versionOf(name);
    if (installed !== undefined) found[name] = installed;
  }
  return found;
}
