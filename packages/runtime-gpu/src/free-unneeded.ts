/**
 * Frees what its owners have let go of, as soon as no run is under way and no reading of it is.
 * A reading keeps what it reads and no more: readings may follow each other without a gap.
 */
export function freeUnneeded<Handle>(free: (handle: Handle) => void) {
  const unowned = new Set<Handle>();
  const readings = new Map<Handle, number>();
  let running = 0;

  const look = (): void => {
    if (running > 0) return;
    for (const handle of unowned) {
      if (readings.has(handle)) continue;
      unowned.delete(handle);
      free(handle);
    }
  };

  const count = (handle: Handle, by: number): void => {
    const left = (readings.get(handle) ?? 0) + by;
    if (left > 0) readings.set(handle, left);
    else readings.delete(handle);
  };

  return {
    async whileRunning<R>(work: () => Promise<R>): Promise<R> {
      running++;
      try {
        return await work();
      } finally {
        running--;
        look();
      }
    },
    async whileReading<R>(handle: Handle, work: () => Promise<R>): Promise<R> {
      count(handle, 1);
      try {
        return await work();
      } finally {
        count(handle, -1);
        look();
      }
    },
    letGo(handles: readonly Handle[]): void {
      for (const handle of handles) unowned.add(handle);
      look();
    },
  };
}
