interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

interface Host {
  setImmediate?: (callback: () => void) => unknown;
  MessageChannel?: new () => { port1: Port; port2: Port };
  setTimeout?: (callback: () => void, milliseconds: number) => unknown;
}

// A port that nothing refers to may be collected before its message comes, and the wait never ends.
const waiting = new Set<Port>();

/** Lets the host run its other work, such as timers and the message that aborts a run. */
function yieldToEventLoop(): Promise<void> {
  const { setImmediate, MessageChannel, setTimeout } = globalThis as unknown as Host;
  return new Promise((resolve) => {
    if (setImmediate) setImmediate(resolve);
    else if (MessageChannel) {
      // Timers wait at least 4 ms once nested; messages do not.
      const { port1, port2 } = new MessageChannel();
      waiting.add(port1).add(port2);
      port1.onmessage = () => {
        port1.close();
        waiting.delete(port1);
        waiting.delete(port2);
        resolve();
      };
      port2.postMessage(0);
    } else if (setTimeout) setTimeout(resolve, 0);
    else resolve();
  });
}

/**
 * A function to await in long loops. It yields to the event loop when `milliseconds` have passed
 * since it last did. The default, 50, is the browsers' limit for a long task.
 *
 * @param milliseconds Milliseconds of work between two yields. Default: 50.
 */
export function eventLoopYielder(milliseconds = 50): () => Promise<void> | undefined {
  let last = Date.now();
  return () => {
    if (Date.now() - last < milliseconds) return undefined;
    return yieldToEventLoop().then(() => {
      last = Date.now();
    });
  };
}
