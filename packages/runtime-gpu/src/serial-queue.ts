/** A queue: each work begins when the one before it has ended, however that ended. */
export function serialQueue() {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    inTurn<R>(work: () => Promise<R>): Promise<R> {
      const turn = tail.then(work);
      tail = turn.catch(() => undefined);
      return turn;
    },
    /** Waits no longer for what is under way. */
    abandon(): void {
      tail = Promise.resolve();
    },
  };
}
