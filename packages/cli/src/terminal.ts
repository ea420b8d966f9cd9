import { relative } from "node:path";
import { GenError } from "@gen/math";

/** Prints a result on stdout: as JSON, or as lines for people. */
export function print(json: boolean, result: unknown, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : `${lines.join("\n")}\n`);
}

/** How this command was started, for the commands that it proposes. */
export function invocation(): string {
  const [, script = ""] = process.argv;
  if (script.includes("node_modules")) return "npx @gen/cli";
  if (!script.endsWith("gen.js")) return "gen";
  return `node ${relative(process.cwd(), script)}`;
}

// Under npm one Ctrl-C arrives twice, from the terminal and from npm, within this time.
const sameMs = 500;

/**
 * A signal that the first Ctrl-C aborts, so that work is saved; a second Ctrl-C ends the process.
 * After the first, the process exits with 130 even if the work is done by then.
 *
 * @param how What happens meanwhile, for the line that is printed.
 */
export function interruptSignal(how = "saving the work so far"): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  const stop = () => {
    if (controller.signal.aborted) {
      if (performance.now() - first > sameMs) process.exit(130);
      return;
    }
    first = performance.now();
    process.exitCode = 130;
    endLine();
    process.stderr.write(`stopping: ${how} (Ctrl-C again to quit at once)\n`);
    controller.abort(new GenError("interrupted", "interrupted; the work so far is saved"));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
  return controller.signal;
}

const quietMs = 5000;
const terminalMs = 100;
let lineOpen = false;

/** Ends an unfinished progress line, so that the next text has a line of its own. */
export function endLine(): void {
  if (lineOpen) process.stderr.write("\n");
  lineOpen = false;
}

/** A text that others may have written, as a line: what would control the terminal becomes "?". */
export const oneLine = (text: string): string =>
  text.replace(/\s*\n\s*/g, "; ").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");

/** Prints a note on stderr. */
export function note(text: string): void {
  endLine();
  process.stderr.write(`note: ${text}\n`);
}

/** `1 min 5 s`, `42 s`, `0.8 s`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
  return `${Math.floor(rounded / 3600)} h ${Math.floor((rounded % 3600) / 60)} min`;
}

/** A number with three digits, `0.123`, `12.3`, `1234`. */
export const rounded = (value: number): string =>
  value >= 1000 ? `${Math.round(value)}` : `${Number(value.toPrecision(3))}`;

/** `812 B`, `4.6 MB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : Number(value.toPrecision(2))} ${units[unit]}`;
}

/** The progress of a piece of work. */
export type Progress = ReturnType<typeof progress>;

/**
 * Prints progress on stderr, so that stdout has only results: one line that rewrites itself on a
 * terminal, a line every few seconds elsewhere.
 */
export function progress(label: string, stream: NodeJS.WriteStream = process.stderr) {
  const start = performance.now();
  const terminal = stream.isTTY === true;
  // Without a terminal the first line is printed at once, to show that work has begun.
  let printed = terminal ? start : Number.NEGATIVE_INFINITY;
  const seconds = () => (performance.now() - start) / 1000;
  const write = (text: string, last: boolean) => {
    if (!terminal) {
      stream.write(`${text}\n`);
      return;
    }
    // A line that wraps could not be rewritten.
    const fits = Array.from(text).slice(0, Math.max(1, (stream.columns || 80) - 1));
    stream.write(`\r\x1b[2K${fits.join("")}${last ? "\n" : ""}`);
    lineOpen = !last;
  };
  return {
    /** `total` is undefined where nobody knows it; `secondsLeft` is that of the mean speed. */
    update(
      done: number,
      total: number | undefined,
      detail = "",
      secondsLeft = total && done > 0 ? (seconds() / done) * (total - done) : undefined,
    ): void {
      const now = performance.now();
      if (now - printed < (terminal ? terminalMs : quietMs)) return;
      printed = now;
      const left = secondsLeft === undefined ? "" : `, ${duration(secondsLeft)} left`;
      const percent = total ? `  ${Math.floor((100 * done) / total)}%${left}` : "";
      write(`${label}${percent}${detail && `  ${detail}`}`, false);
    },
    finish(detail = ""): void {
      write(`${label}  ${duration(seconds())}${detail && `  ${detail}`}`, true);
    },
  };
}
