/** Whether this is Node rather than a page or a worker. */
export const inNode = (): boolean => typeof process !== "undefined" && !!process.versions?.node;

/**
 * The path of a package's file in Node, found as this file finds it.
 * @throws Error when the package is not installed.
 */
export function resolveHere(name: string): string {
  const { createRequire } = process.getBuiltinModule("node:module");
  // A CommonJS bundle has no URL of its own; the program's first file stands in for it.
  const { url }: { url?: string } = import.meta;
  return createRequire(url ?? process.argv[1] ?? `${process.cwd()}/`).resolve(name);
}
