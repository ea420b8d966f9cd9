import type { GenError } from "@gen/math";

/** One end of a line to a worker: a `Worker`, a `MessagePort`, or a worker's own global scope. */
export interface Port {
  /**
   * Sends a message to the other end.
   *
   * @param message A value that can be cloned.
   * @param transfer Buffers that move over in place of being copied.
   */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  /**
   * Listens for messages of the other end.
   *
   * @param type "message".
   * @param listener Called with each message.
   */
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  /** Begins to deliver messages, where the port waits for it. */
  start?(): void;
  /** Settles when the messages before have left; without it they leave at once. */
  sent?(): Promise<unknown>;
}

/** A worker or a process that this package started. */
export interface Remote extends Port {
  /** Settles when it dies: the error for what it was doing. */
  readonly died: Promise<(work: string) => GenError>;
  /** Lets the process wait for it, or exit without it. */
  hold(held: boolean): void;
  end(): void;
}
