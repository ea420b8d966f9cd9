import type { Lane } from "./use-race.ts";

/** The most that points of two runtimes may differ and count as the same, in the data's units. */
export const SAME = 1e-3;

/** The greatest absolute difference of two runs' points, coordinate by coordinate. NaN where one is. */
export function greatestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}

/** A small number in full, to one significant digit. `round` may be `Math.ceil` for a bound. */
export function plainNumber(value: number, round = Math.round): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const digits = Math.min(Math.max(-Math.floor(Math.log10(value)), 0), 12);
  return (round(value * 10 ** digits) / 10 ** digits).toFixed(digits);
}

/** A bound of a difference: the difference is at most this. */
export const bound = (difference: number): string => plainNumber(difference, Math.ceil);

/** Milliseconds to two or three digits. */
export const milliseconds = (ms: number): string =>
  `${ms < 1 ? ms.toFixed(2) : ms < 20 ? ms.toFixed(1) : Math.round(ms)} ms`;

/** A runtime and its run, if it has one. */
export interface Entry {
  readonly label: string;
  readonly lane?: Lane;
  /** From the reference. */
  readonly difference?: number;
  /** What stands in place of the numbers. */
  readonly note?: string;
}

/** The cells of an entry's row: start, step, whole run, difference. Without a number: empty. */
export function cells({ lane, difference, note = "" }: Entry): string[] {
  if (!lane?.result) return [note, "", "", ""];
  const { start, step, whole } = lane.result;
  const times = [start, step, whole].map(milliseconds);
  return [...times, difference === undefined ? "" : bound(difference)];
}

type Table = readonly (readonly string[])[];

/** Lines of cells; the first line is the head. */
export const tsv = (lines: Table): string => lines.map((line) => line.join("\t")).join("\n");

export function markdown([head, ...rows]: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const browsers: readonly (readonly [name: string, version: RegExp])[] = [
  ["Edge", /Edg\/(\d+)/],
  ["Opera", /OPR\/(\d+)/],
  ["Firefox", /Firefox\/(\d+)/],
  ["Chrome", /Chrome\/(\d+)/],
  ["Safari", /Version\/(\d+)/],
];

/** The name and version of the browser that states this user agent. */
export function browserName(agent: string): string {
  for (const [name, version] of browsers) {
    const found = version.exec(agent);
    if (found) return `${name} ${found[1]}`;
  }
  return agent.slice(0, 60);
}
