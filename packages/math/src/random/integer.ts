import { ArgumentError } from "../gen-error.ts";

/** @throws RangeError that names the argument unless it is an integer in [0, limit). */
export function integer(name: string, value: number, limit: number): number {
  if (Number.isInteger(value) && value >= 0 && value < limit) return value;
  throw new ArgumentError(`${name} must be an integer in [0, ${limit}), got ${value}`);
}
