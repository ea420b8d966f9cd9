/** A worker that is connected to a queue. */
export interface QueueWorker {
  /** Its name in records. */
  readonly name: string;
  /** The version of its program. */
  readonly version: string;
  /** Its backend: the name that was asked for, and that of the one that opened. */
  readonly backend: { readonly asked: string; readonly name: string };
}
