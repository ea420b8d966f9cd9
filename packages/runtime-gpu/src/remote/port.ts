import type { GenError } from "@gen/math";

/** One end of a line to a worker: a `Worker`, a `MessagePort`, or a worker's own global scope. */
export interface Port {
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
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
