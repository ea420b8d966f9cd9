/* The queue and the store of the commands of `gen jobs`. */
import { folderStore, type JobQueue, openQueue, openS3Store, type Store } from "@gen/jobs";
import { usageError } from "./errors.ts";

/** The flags of all commands of `gen jobs`. */
export interface JobsOptions {
  /** Redis' address. */
  readonly redis?: string;
  readonly queue: string;
  readonly store?: string;
  readonly json: boolean;
}

/** Opens the store of `--store`. @throws GenError `usage` when it is not given. */
export async function openStore({ store }: Pick<JobsOptions, "store">): Promise<Store> {
  if (store === undefined)
    throw usageError("--store must be given: a folder that all workers see, or s3://BUCKET/PREFIX");
  return store.startsWith("s3://") ? openS3Store(store) : folderStore(store);
}

/** Opens the queue. GEN_REDIS may hold the address, so that no list of processes shows a password. */
export const openJobs = ({ redis = process.env.GEN_REDIS, queue }: JobsOptions) =>
  openQueue({ ...(redis && { redis }), name: queue });

/** Runs `work` with the queue and the store, and closes the queue. */
export async function withQueue<R>(
  options: JobsOptions,
  work: (opened: { readonly queue: JobQueue; readonly store: Store }) => Promise<R>,
): Promise<R> {
  const store = await openStore(options);
  const queue = await openJobs(options);
  try {
    return await work({ queue, store });
  } finally {
    await queue.close();
  }
}
