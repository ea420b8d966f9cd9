/** Node's modules, loaded at run time so that no bundler looks for them. */
interface Modules {
  "node:crypto": typeof import("node:crypto");
  "node:fs/promises": typeof import("node:fs/promises");
  "node:os": typeof import("node:os");
  "node:path": typeof import("node:path");
}

export const nodeModule = <K extends keyof Modules>(name: K): Modules[K] =>
  process.getBuiltinModule(name) as Modules[K];

/** Whether this code runs in Node rather than in a page or a worker. */
export const inNode = (): boolean => typeof process !== "undefined" && !!process.versions?.node;
