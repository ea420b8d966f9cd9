/** How far a file is. */
export interface FileProgress {
  /** Bytes that are here. */
  readonly loaded: number;
  /** Bytes in all; undefined where the server does not tell. */
  readonly total?: number;
  /** At the speed so far; undefined where that or the total is not known yet. */
  readonly secondsLeft?: number;
}

/** Turns byte counts into progress; the first count was there before anything was received. */
export function progressMeter(tell: (progress: FileProgress) => void) {
  let first: { at: number; loaded: number } | undefined;
  return (loaded: number, total?: number): void => {
    const now = performance.now();
    // A server that cannot go on starts again.
    if (!first || loaded < first.loaded) first = { at: now, loaded };
    const speed = (loaded - first.loaded) / (now - first.at);
    const left = total === undefined ? Number.NaN : total - loaded;
    const secondsLeft = left === 0 ? 0 : left / speed / 1000;
    tell({ loaded, total, secondsLeft: Number.isFinite(secondsLeft) ? secondsLeft : undefined });
  };
}
