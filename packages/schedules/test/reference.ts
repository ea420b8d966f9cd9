import { existsSync, readFileSync } from "node:fs";
import { fixture } from "../../../tooling/fixtures/fixture.ts";

/** A file of test/reference, or one of tooling/fixtures that several packages read, parsed. */
// biome-ignore lint/suspicious/noExplicitAny: each file has a shape of its own
export function reference(name: string): any {
  const own = new URL(`./reference/${name}`, import.meta.url);
  return existsSync(own) ? JSON.parse(readFileSync(own, "utf8")) : fixture(name);
}

/** The largest difference of two lists, each relative to the larger of 1 and the second's entry. */
export function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  return Array.from(actual).reduce((most, value, i) => {
    const error = Math.abs(value - expected[i]) / Math.max(1, Math.abs(expected[i]));
    return error >= 0 ? Math.max(most, error) : Infinity;
  }, 0);
}
