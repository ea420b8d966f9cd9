import { stat } from "node:fs/promises";
import { join } from "node:path";
import { checkArguments, rules } from "@gen/math/arguments";
import { checkInput, describeInput, fetchInput, type JobInput } from "./inputs.ts";
import type { Job } from "./job.ts";
import type { Store } from "./store.ts";

/**
 * The files that a job's options name, at this machine: fetched from the store and checked, or those
 * that are here already.
 *
 * `(await jobFiles(store, job, { cache: "cache" })).get("models/moons")`
 *
 * @param store The store that the job was submitted with.
 * @param job The job, as `readJob` gives it.
 * @param places Where files are kept, and which may be here.
 * @returns Paths at this machine by the paths in the options.
 * @throws GenError `file-changed` when a checksum differs, `usage` when the store has not the file.
 */
export async function jobFiles(
  store: Store,
  { inputs }: Pick<Job, "inputs">,
  {
    cache,
    here = [],
  }: {
    /** The folder that keeps what is fetched. */
    readonly cache: string;
    /** Those of the job's paths that may be here: one serves where its checksum is the job's. @defaultValue none */
    readonly here?: readonly string[];
  },
): Promise<ReadonlyMap<string, string>> {
  checkArguments(
    { store, inputs, cache, here },
    {
      store: rules.OBJECT,
      inputs: rules.OBJECT,
      cache: rules.TEXT,
      here: rules.listOf(rules.TEXT),
    },
  );
  const at = new Map<string, string>();
  for (const [path, input] of Object.entries(inputs)) {
    checkInput(input);
    const own = new Map<string, string>();
    // A folder is listed and hashed only where it has the files.
    if (here.includes(path) && (await hasFiles(path, input))) {
      const found = await describeInput(path).catch(() => undefined);
      if (found) own.set(found.sha256, path);
    }
    at.set(path, await fetchInput(path, input, { store, cache, own }));
  }
  return at;
}

/** Whether a path has the files of an input, by their sizes. */
async function hasFiles(path: string, { file, files }: JobInput): Promise<boolean> {
  for (const [name, { bytes }] of Object.entries(files)) {
    const found = await stat(file === undefined ? join(path, name) : path).catch(() => undefined);
    if (found?.size !== bytes) return false;
  }
  return true;
}
