import { checkOptions, rules } from "@gen/math/arguments";

/** What one client may ask for. */
export interface ServerLimits {
  /** Samples or pictures in one request. @defaultValue 16 */
  readonly count: number;
  /** Steps of a sampler. @defaultValue 1000 */
  readonly steps: number;
  /** Pixels on a side of a picture. @defaultValue 2048 */
  readonly size: number;
  /** Requests that wait; more are answered 429. @defaultValue 64 */
  readonly queue: number;
  /** Samples in one run of several requests. @defaultValue 16 */
  readonly batch: number;
}

const usual: ServerLimits = { count: 16, steps: 1000, size: 2048, queue: 64, batch: 16 };

/** @throws RangeError when a limit is no positive integer. */
export function limitsOf(limits: Partial<ServerLimits> = {}): ServerLimits {
  const names = Object.keys(usual);
  checkOptions(
    limits,
    Object.fromEntries(names.map((name) => [name, rules.optional(rules.COUNT)])),
  );
  return { ...usual, ...limits };
}
