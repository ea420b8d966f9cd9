/** Prints how far a piece of work is: one line that rewrites itself on a terminal, a line every few seconds elsewhere. */
export interface Progress {
  update(done: number, total: number, detail?: string): void;
  finish(detail?: string): void;
}

const quietMs = 5000;
const terminalMs = 100;

/** `1 min 5 s`, `42 s`, `0.8 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Starts the progress line of `label`, on stderr so that stdout stays for results. */
export function progress(label: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  const start = performance.now();
  const terminal = stream.isTTY === true;
  let shown = start;
  const seconds = () => (performance.now() - start) / 1000;
  const line = (text: string, last: boolean) =>
    stream.write(terminal ? `\r\x1b[2K${text}${last ? "\n" : ""}` : `${text}\n`);
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
