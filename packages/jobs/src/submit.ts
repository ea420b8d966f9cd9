/* A new job: its files and its record into the store, then its entry into the queue. */
import { checkArguments, checkOptions, rules } from "@gen/math/arguments";
import { describeInput, knownFiles, putInput } from "./inputs.ts";
import { FORMAT, type Job, type JobEntry, NAME, newId, writeJob } from "./job.ts";
import type { JobQueue } from "./queue.ts";
import { partsInside } from "./queue-parts.ts";
import type { Store } from "./store.ts";

/** What is asked for. */
export interface JobRequest
  extends Pick<JobEntry, "kind" | "version" | "backends" | "count">,
    Partial<Pick<JobEntry, "priority" | "most" | "seconds">> {
  /** What the kind takes, as JSON. */
  readonly options: unknown;
  /**
   * Paths of the files and folders that the options name, such as the model; or what `putFiles` gave
   * for them, so that many jobs share them. @defaultValue none
   */
  readonly files?: readonly string[] | Job["inputs"];
  /** Whether the store gets these files. Else workers have them. @defaultValue true */
  readonly upload?: boolean;
  /**
   * Called after each file that the store has.
   *
   * @param done Bytes so far.
   * @param total Bytes of all files.
   * @defaultValue none
   */
  readonly onUpload?: (done: number, total: number) => void;
}

/**
 * Puts files and folders into a store, but what it has, for the `files` of jobs.
 *
 * `const files = await putFiles(store, ["moons"])`
 *
 * @param store The store.
 * @param paths The files and folders.
 * @param options Whether the store gets them, and progress, as for `submit`.
 * @throws GenError `usage` when a file is missing; as the store's `write`.
 */
export async function putFiles(
  store: Store,
  paths: readonly string[],
  options: Pick<JobRequest, "upload" | "onUpload"> = {},
): Promise<Job["inputs"]> {
  checkArguments({ store, paths }, { store: rules.OBJECT, paths: rules.listOf(rules.TEXT) });
  const { upload = true, onUpload } = options;
  const inputs: Record<string, Job["inputs"][string]> = {};
  const known = upload && paths.length > 0 ? await knownFiles(store) : new Set<string>();
  for (const path of paths) inputs[path] = await describeInput(path);
  const all = Object.values(inputs).flatMap((input) => Object.values(input.files));
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const onFile = (bytes: number) => {
    done += bytes;
    onUpload?.(done, total);
  };
  for (const path of upload ? paths : []) await putInput(store, path, inputs[path], known, onFile);
  return inputs;
}

/**
 * Submits a job. Workers see it whole or not at all.
 *
 * `const { id } = await submit(queue, store, { kind: "sample", options, count: 50_000, version, backends: ["onnx"] })`
 *
 * @param queue The queue.
 * @param store The store, which workers open too.
 * @param request What is asked for.
 * @throws GenError `usage` when a file is missing; RangeError for an option; as the store's `write`.
 */
export async function submit(queue: JobQueue, store: Store, request: JobRequest): Promise<Job> {
  checkOptions(request, {
    kind: NAME,
    version: NAME,
    backends: rules.listOf(NAME, 1),
    count: rules.COUNT,
    priority: rules.optional(rules.INTEGER),
    most: rules.optional(rules.INDEX),
    seconds: rules.optional(rules.POSITIVE_FINITE),
    files: rules.optional([
      "a list of paths, or what putFiles gave",
      (value) => typeof value === "object" && value !== null,
    ]),
    upload: rules.optional(rules.FLAG),
    onUpload: rules.optional(rules.FUNCTION),
  });
  const { files = [], options, kind, version, backends, count } = request;
  const { priority = 0, most = 0, seconds = 20 } = request;
  const inputs = isList(files) ? await putFiles(store, files, request) : files;
  const entry: JobEntry = {
    ...{ format: FORMAT, id: newId(), kind, version, backends, count, priority, most, seconds },
    created: Date.now(),
  };
  const job = { ...entry, options, inputs };
  await writeJob(store, job);
  await partsInside(queue).submit(entry);
  return job;
}

const isList = (files: readonly string[] | Job["inputs"]): files is readonly string[] =>
  Array.isArray(files);
