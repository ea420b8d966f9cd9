// @ts-check
const terminal = process.stderr.isTTY === true;

/**
 * One line on stderr: what is done, how much of it, and the time left over all suites.
 *
 * @param {readonly { name: string, seconds: number }[]} parts With the seconds that each is thought to take.
 */
export function progressLine(parts) {
  const start = performance.now();
  let done = 0;
  let current = 0;
  let shown = 0;
  let text = "";
  const expected = parts.reduce((sum, { seconds }) => sum + seconds, 0);
  const clear = () => terminal && process.stderr.write("\r\x1b[2K");
  const draw = () => {
    const spent = (performance.now() - start) / 1000;
    const share = Math.min(0.999, (done + current) / expected);
    // What was thought counts until something has been seen.
    const left = share > 0.05 ? (spent / share) * (1 - share) : expected - spent;
    const line = `${(100 * share).toFixed(0).padStart(3)} %  ${text}  (about ${duration(left)} left)`;
    process.stderr.write(terminal ? `\r\x1b[2K${line}` : `${line}\n`);
    shown = performance.now();
  };
  return {
    /** @param {string} name @param {number} share @param {string} what */
    at(name, share, what) {
      const changed = text !== what;
      text = what;
      current = share * (parts.find((part) => part.name === name)?.seconds ?? 0);
      if (performance.now() - shown > (terminal ? 200 : 10_000) || (terminal && changed)) draw();
    },
    /** @param {string} name */
    finish(name) {
      done += parts.find((part) => part.name === name)?.seconds ?? 0;
      current = 0;
    },
    /** @param {string} line */
    say(line) {
      clear();
      process.stderr.write(`${line}\n`);
    },
    clear,
  };
}

/** @param {number} seconds */
function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 90 ? `${whole} s` : `${Math.round(whole / 60)} min`;
}
