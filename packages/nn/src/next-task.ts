interface Host {
  setImmediate?: (f: () => void) => unknown;
  MessageChannel?: new () => { port1: Port; port2: Port };
  setTimeout: (f: () => void, milliseconds: number) => unknown;
}

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** Waits for the next task of the event loop, so that timers, signals and messages come first. */
export function nextTask(): Promise<void> {
  const host = globalThis as unknown as Host;
  return new Promise((resolve) => {
    if (host.setImmediate) host.setImmediate(resolve);
    else if (host.MessageChannel) {
      // A browser makes repeated timeouts wait 4 ms; messages wait for nothing.
      const { port1, port2 } = new host.MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    } else host.setTimeout(resolve, 0);
  });
}
