import { existsSync, readFileSync } from "node:fs";
import { fixture } from "../../../tooling/fixtures/fixture.ts";

/** A file of test/reference, or one of tooling/fixtures that several packages read, parsed. */
// biome-ignore lint/suspicious/noExplicitAny: each file has a shape of its own
export function reference(name: string): any {
  const own = new URL(`./reference/${name}`, import.meta.url);
  return existsSync(own) ? JSON.parse(readFileSync(own, "utf8")) : fixture(name);
}

/** The distance of two numbers relative to the second, 0 where they are equal. */
export function relativeError(actual: number, expected: number): number {
  return actual === expected ? 0 : Math.abs(actual - expected) / Math.abs(expected);
}
