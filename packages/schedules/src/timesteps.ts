import {
  ArgumentError,
  checkArguments,
  checkOptions,
  refused,
  rules,
  shown,
} from "@gen/math/arguments";
import { roundHalfEven } from "./round-half-even.ts";

/** How sampling steps are spread over the training steps; an array gives them outright. */
export type Spacing = "leading" | "trailing" | "linspace" | readonly number[];

/** Options of {@link timesteps}. */
export interface TimestepOptions {
  /** How many steps, 1..T. @defaultValue all T, or as many as a given list has */
  readonly steps?: number;
  /** How the steps are spread, or the list of steps. @defaultValue "leading" */
  readonly spacing?: Spacing;
  /** Added to every step of "leading", but for as much as would go past T - 1. @defaultValue 0 */
  readonly offset?: number;
}

/**
 * The steps a sampler takes, 0-based, in descending order (Lin et al. 2023, table 2).
 *
 * With N = steps: "leading" takes `floor(T / N) i + offset`, "trailing" `round(T - i T / N) - 1`,
 * "linspace" `round(i (T - 1) / (N - 1))`, halves rounded to even. Always N entries, all in
 * 0..T-1.
 *
 * @param schedule A schedule, or its number T of training steps.
 * @throws RangeError when N is not in 1..T, the offset is negative, or a given list does not
 * strictly descend within 0..T-1.
 */
export function timesteps(
  schedule:
    | number
    | {
        /** The number T of training steps. */
        readonly length: number;
      },
  options: TimestepOptions = {},
): number[] {
  checkArguments(
    { schedule },
    { schedule: rules.either(rules.COUNT, rules.having("a schedule", { length: rules.COUNT })) },
  );
  const length = typeof schedule === "number" ? schedule : schedule.length;
  checkOptions(options, {
    steps: rules.optional(rules.integerIn(1, length)),
    spacing: rules.optional(rules.either(rules.TEXT, rules.LIST)),
    offset: rules.optional(rules.INDEX),
  });
  const { steps, spacing = "leading", offset = 0 } = options;
  if (typeof spacing !== "string") return given(spacing, steps, length);
  const n = steps ?? length;
  if (spacing === "leading") {
    const stride = Math.floor(length / n);
    const start = Math.min(offset, length - 1 - stride * (n - 1));
    return listOf(n, (i) => start + stride * (n - 1 - i));
  }
  if (spacing === "trailing") {
    // The stride as numpy's arange has it, whose rounding decides the halves.
    const stride = length - length / n - length;
    return listOf(n, (i) => roundHalfEven(length + i * stride) - 1);
  }
  if (spacing === "linspace") {
    const stride = n === 1 ? 0 : (length - 1) / (n - 1);
    return listOf(n, (i) => roundHalfEven((n - 1 - i) * stride));
  }
  throw refused("spacing", "leading, trailing, linspace or a list of steps", spacing);
}

// A plain loop: the first table of a process is made before anything is compiled.
function listOf(count: number, entry: (i: number) => number): number[] {
  const list: number[] = [];
  for (let i = 0; i < count; i++) list.push(entry(i));
  return list;
}

function given(list: readonly number[], steps: number | undefined, length: number): number[] {
  if (list.length === 0) throw new ArgumentError("spacing must list at least one step, got none");
  if (steps !== undefined && steps !== list.length) {
    throw new ArgumentError(`steps must be ${list.length}, as many as spacing lists, got ${steps}`);
  }
  list.forEach((t, i) => {
    if (!(Number.isInteger(t) && t >= 0 && t < length)) {
      throw new ArgumentError(`spacing must list integers in 0..${length - 1}, got ${shown(t)}`);
    }
    if (i > 0 && t >= list[i - 1]) {
      throw new ArgumentError(`spacing must strictly descend, got ${t} after ${list[i - 1]}`);
    }
  });
  return [...list];
}
