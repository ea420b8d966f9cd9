import { readFileSync } from "node:fs";

/** A file of test/reference, parsed. */
// biome-ignore lint/suspicious/noExplicitAny: each file has a shape of its own
export function reference(name: string): any {
  return JSON.parse(readFileSync(new URL(`./reference/${name}`, import.meta.url), "utf8"));
}

/** The distance of two numbers relative to the second, 0 where they are equal. */
export function relativeError(actual: number, expected: number): number {
  return actual === expected ? 0 : Math.abs(actual - expected) / Math.abs(expected);
}
