/** Prints how far a piece of work is: one line that rewrites itself on a terminal, a line every few seconds elsewhere. */
export interface Progress {
  update(done: number, total: number, detail?: string): void;
  finish(detail?: string): void;
}

const quietMs = 5000;
const terminalMs = 100;
let lineOpen = false;

/** Ends a line that rewrites itself, so that what is printed next has a line of its own. */
export function endLine(): void {
  if (lineOpen) process.stderr.write("\n");
  lineOpen = false;
}

/** `1 min 5 s`, `42 s`, `0.8 s`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Starts the progress line of `label`, on stderr so that stdout stays for results. */
export function progress(label: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  const start = performance.now();
  const terminal = stream.isTTY === true;
  // Elsewhere the first line comes at once, as a sign of life.
  let shown = terminal ? start : Number.NEGATIVE_INFINITY;
  const seconds = () => (performance.now() - start) / 1000;
  const line = (text: string, last: boolean) => {
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
    update(done, total, detail = "") {
      const now = performance.now();
      if (now - shown < (terminal ? terminalMs : quietMs)) return;
      shown = now;
      const left = done > 0 ? `, ${duration((seconds() / done) * (total - done))} left` : "";
      line(
        `${label}  ${Math.floor((100 * done) / total)}%${left}${detail && `  ${detail}`}`,
        false,
      );
    },
    finish(detail = "") {
      line(`${label}  ${duration(seconds())}${detail && `  ${detail}`}`, true);
    },
  };
}
