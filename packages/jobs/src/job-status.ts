import type { JobEntry } from "./job.ts";
import type { Part } from "./plan.ts";
import type { PartRecord } from "./results.ts";

/** A part that failed three times. */
export interface FailedPart extends Part {
  /** Why it failed the last time. */
  readonly reason: string;
}

/** How far a job is. */
export interface JobStatus extends JobEntry {
  /** `"waiting"`: no part was begun; `"failed"`: all parts ended, and some are set aside. */
  readonly state: "waiting" | "running" | "done" | "failed";
  /** Items that are done. */
  readonly done: number;
  /** The same with what running parts say of their items, which may have a fraction. */
  readonly progress: number;
  /** Parts: all that are known, done, running now, set aside. */
  readonly parts: Readonly<Record<"all" | "done" | "running" | "failed", number>>;
  /** Seconds until the job is done, estimated by its latest parts. */
  readonly secondsLeft?: number;
  /** Who computed how many parts and items. */
  readonly workers: readonly (Omit<PartRecord, "seconds"> & {
    readonly parts: number;
    readonly items: number;
  })[];
  /** The parts that are set aside. */
  readonly failed: readonly FailedPart[];
}
