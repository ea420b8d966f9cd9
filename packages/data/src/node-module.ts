/** Node modules that paths need, asked for at run time so that no bundler looks for them. */
interface Modules {
  "node:fs/promises": typeof import("node:fs/promises");
  "node:path": typeof import("node:path");
}

/** @throws Error outside Node. */
export function nodeModule<K extends keyof Modules>(name: K): Modules[K] {
  const module = globalThis.process?.getBuiltinModule?.(name);
  if (module === undefined) {
    throw new Error(`paths need Node 20.19 or newer (${name}); elsewhere, read from bytes`);
  }
  return module as Modules[K];
}
