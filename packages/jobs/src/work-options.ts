import type { AbortSignalLike } from "@gen/sampling";
import type { Job } from "./job.ts";
import type { Part } from "./plan.ts";
import type { JobQueue } from "./queue.ts";
import type { PartResult } from "./results.ts";
import type { Store } from "./store.ts";

/** A job that is open at a worker, with its model loaded. */
export interface OpenJob {
  /**
   * Computes the batches that begin in a part, as one process that makes the whole job would.
   *
   * @param part The range of items.
   * @param signal Stops within a step.
   * @param onProgress May be called with the items so far, which may have a fraction.
   */
  draw(
    part: Part,
    signal: AbortSignalLike,
    onProgress: (items: number) => void,
  ): Promise<PartResult>;
  /** Frees the model. */
  close(): Promise<void>;
}

/**
 * Opens jobs of one kind.
 *
 * @param job What is asked for.
 * @param at The path at this worker of each of the job's inputs, by its path in the options.
 */
export type OpenKind = (job: Job, at: ReadonlyMap<string, string>) => Promise<OpenJob>;

/** What a worker did or met, for its log. */
export interface WorkEvent {
  /**
   * `part`: a part is done. `failed`: it failed, and is tried again or set aside. `lost`: another
   * worker has it, or the job was canceled. `refused`: the worker leaves the job to others.
   * `waiting`: the store fails, and is tried again.
   */
  readonly event: "part" | "failed" | "lost" | "refused" | "waiting";
  /** The job's id; absent where the store fails. */
  readonly job?: string;
  /** The part. */
  readonly part?: Part;
  /** Items that are done. */
  readonly items?: number;
  /** Seconds that the part took, or until the store is tried again. */
  readonly seconds?: number;
  /** Why, in a line. */
  readonly reason?: string;
}

/** What a worker works on, and with what. */
export interface WorkOptions {
  /** The queue. */
  readonly queue: JobQueue;
  /** The store that the jobs were submitted with. */
  readonly store: Store;
  /** What the worker can compute, by kind. */
  readonly kinds: Readonly<Record<string, OpenKind>>;
  /** The version of the program. Jobs of another version are refused. */
  readonly version: string;
  /** The backend: the name that was asked for, such as "onnx", and that of the one that opened. */
  readonly backend: { readonly asked: string; readonly name: string };
  /** The folder that keeps models between runs. */
  readonly cache: string;
  /** The worker's name in records. @defaultValue the host's name and the process id */
  readonly name?: string;
  /**
   * Files and folders that the worker has anyway. One serves a job whose checksum is the same.
   * @defaultValue none: models come from the store
   */
  readonly models?: readonly string[];
  /** Returns when no job is left that the worker can compute. @defaultValue false */
  readonly drain?: boolean;
  /** Seconds after which the part of a worker that is gone is given to another. @defaultValue 30 */
  readonly lease?: number;
  /** Seconds for which a store may fail before the worker gives up. @defaultValue 60 */
  readonly patience?: number;
  /** Gives the part under way back and returns. @defaultValue none */
  readonly signal?: AbortSignalLike;
  /**
   * Called with what the worker does.
   *
   * @param event What was done or met.
   * @defaultValue none
   */
  readonly onEvent?: (event: WorkEvent) => void;
}
