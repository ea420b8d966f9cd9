interface Transferable {
  transfer?: (length: number) => unknown;
}

interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  close(): void;
}

let closed: Port | undefined;

/**
 * Gives a large array's memory back at once and leaves the array empty.
 *
 * A training step makes its whole state anew, megabytes of it; left to the garbage collector they
 * cost a collection every few steps and fresh pages every time.
 */
export function releaseMemory({ buffer, byteLength }: ArrayBufferView): void {
  if (!(buffer instanceof ArrayBuffer) || byteLength < buffer.byteLength) return;
  if (byteLength < 2 ** 16) return;
  const { transfer } = buffer as Transferable;
  if (transfer) transfer.call(buffer, 0);
  else nowhere().postMessage(null, [buffer]);
}

/** A port that nothing comes out of: what is sent to it is freed. For engines without `transfer`. */
function nowhere(): Port {
  if (!closed) {
    closed = new MessageChannel().port1;
    closed.close();
  }
  return closed;
}
