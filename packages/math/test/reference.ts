import { existsSync, readFileSync } from "node:fs";
import { fixture } from "../../../tooling/fixtures/fixture.ts";

/** The parsed JSON of a file in test/reference, or in tooling/fixtures, which packages share. */
// biome-ignore lint/suspicious/noExplicitAny: each file has its own shape
export function reference(name: string): any {
  const own = new URL(`./reference/${name}`, import.meta.url);
  return existsSync(own) ? JSON.parse(readFileSync(own, "utf8")) : fixture(name);
}

/** The distance of two numbers relative to the second; 0 for equal numbers. */
export function relativeError(actual: number, expected: number): number {
  return actual === expected ? 0 : Math.abs(actual - expected) / Math.abs(expected);
}
