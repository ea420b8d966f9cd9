import { eventLoopYielder } from "../event-loop.ts";
import { type ArrayPart, cutArray } from "./array-parts.ts";
import type { Port } from "./port.ts";

/** A large array's reference in place of the array; another array as it is. */
export type Swap = <A>(array: A) => A;

/**
 * Sends messages in order. The messages of one task travel together; large arrays travel ahead, in
 * parts, and timers fire between the parts. An array must not change until it has left. A message
 * that cannot be copied, such as one with a function, goes to `onFailure`.
 */
export function outbox<M>(port: Port, onFailure: (message: M, error: Error) => void) {
  const waiting: ({ message: M } | { parts: Iterable<ArrayPart> })[] = [];
  let sending = false;

  function post(batch: M[]): void {
    try {
      port.postMessage(batch, []);
    } catch (error) {
      if (batch.length === 1) onFailure(batch[0], error as Error);
      else for (const message of batch) post([message]);
    }
  }

  async function sendAll(): Promise<void> {
    const yieldIfLong = eventLoopYielder(5);
    while (waiting.length > 0) {
      const batch: M[] = [];
      while (waiting[0] && "message" in waiting[0]) {
        batch.push((waiting.shift() as { message: M }).message);
      }
      if (batch.length > 0) post(batch);
      const next = waiting.shift();
      for (const part of next && "parts" in next ? next.parts : []) {
        port.postMessage([part], [part.bytes.buffer as ArrayBuffer]);
        await port.sent?.();
        await yieldIfLong();
      }
    }
    sending = false;
  }

  return (build: (swap: Swap) => M): void => {
    const message = build((array) => {
      if (!ArrayBuffer.isView(array)) return array;
      const cut = cutArray(array);
      if (cut) waiting.push(cut);
      return (cut?.reference ?? ownBytes(array)) as typeof array;
    });
    waiting.push({ message });
    if (!sending) queueMicrotask(sendAll);
    sending = true;
  };
}

/** An array whose buffer holds nothing else: a message copies whole buffers. */
function ownBytes<A extends ArrayBufferView>(array: A): A {
  const { buffer, byteLength } = array;
  if (byteLength === buffer.byteLength) return array;
  return (array as unknown as Float32Array).slice() as unknown as A;
}
