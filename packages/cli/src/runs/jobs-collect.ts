/* The work of `gen jobs collect`: the parts in a store become what one process would have written. */
import { resolve } from "node:path";
import { type Collected, collect, type Job, jobFiles, readJob, type Store } from "@gen/jobs";
import { replaceFile } from "../atomic-files.ts";
import { usageError } from "../errors.ts";
import { type EvaluationSettings, prepareEvaluation } from "../evaluation/evaluation.ts";
import { fetchedFolder } from "../fetched-models.ts";
import { claimOutput } from "../files.ts";
import { withDataPaths } from "../job-paths.ts";
import { openStore } from "../jobs-queue.ts";
import { checkLatentsFile, latentsFile } from "../latent-batches.ts";
import { outputKind } from "../output-kind.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { interruptSignal, print, progress } from "../terminal.ts";
import { writeEvaluation } from "./evaluate.ts";

export interface CollectOptions {
  readonly store?: string;
  readonly out?: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** Runs `gen jobs collect`. */
export async function runCollect(id: string, options: CollectOptions): Promise<void> {
  const { force, json } = options;
  const store = await openStore(options);
  const job = await readJob(store, id);
  const out = options.out ?? outputs[job.kind] ?? "samples.npy";
  const isFolder = checkOut(job.kind, out) === "folder";
  await claimOutput(out, { force, kind: isFolder ? "folder" : "file" });
  const line = progress(`Collecting job ${id}`);
  const found = await collect(store, id, (done, count) => line.update(done, count));
  line.finish(`${found.parts.length} files`);
  if (job.kind === "evaluate") return writeMeasured(found, store, { out, json });
  if (job.kind === "encode") return writeLatents(found, { out, json });
  await writePictures(found, { out, json });
}

/** Where results are written when nobody says. */
const outputs: Readonly<Record<string, string>> = {
  evaluate: "evaluation.png",
  encode: "latents.npy",
  decode: "decoded.png",
};

/** @throws GenError `usage` when a job's result is written otherwise. */
function checkOut(kind: string, out: string): string {
  if (kind === "encode") checkLatentsFile(out);
  else if (kind !== "evaluate") return outputKind(out);
  else if (!/\.png$/i.test(out)) throw usageError(`--out must end in .png, got ${out}`);
  return "file";
}

interface Written {
  readonly out: string;
  readonly json: boolean;
}

async function writePictures(found: Collected, { out, json }: Written): Promise<void> {
  const kind = outputKind(out);
  const { x, unsafe } = found.rows;
  const [count, ...item] = x.shape;
  checkOutput(out, kind, count, { item, shape: item });
  const facts = found.facts as Parameters<typeof writeSamples>[3];
  await writeSamples(
    out,
    kind,
    { x: x.data, shape: x.shape },
    found.job.kind === "generate" ? facts : undefined,
  );
  print(
    json,
    {
      ...{ out: resolve(out), shape: x.shape, ...(facts as object) },
      ...(unsafe && { unsafe: Array.from(unsafe.data, Boolean) }),
      ...recordOf(found),
    },
    [`${count} ${count === 1 ? "item is" : "items are"} in ${out}`],
  );
}

async function writeLatents(found: Collected, { out, json }: Written): Promise<void> {
  await replaceFile(out, latentsFile(out, found.rows));
  const [count, ...latent] = found.rows.z.shape;
  print(json, { out: resolve(out), count, latent, ...recordOf(found) }, [
    `${count} latents [${latent.join(", ")}] are in ${out}`,
  ]);
}

/** Measures the distances of all items. It reads the data, which are here or in the store. */
async function writeMeasured(
  found: Collected,
  store: Store,
  { out, json }: Written,
): Promise<void> {
  const signal = interruptSignal();
  const given = found.job.options as EvaluationSettings;
  const at = await filesOf(found.job, store);
  const { sets } = await prepareEvaluation(
    withDataPaths(given, (path) => at.get(path) ?? path),
    signal,
  );
  const named = { ...sets, name: given.data ?? sets.name };
  const facts = found.facts as { readonly features: string };
  await writeEvaluation(
    found.rows,
    named,
    { ...given, out, json },
    { ...facts, ...recordOf(found) },
    signal,
  );
}

/** The job's files at this machine: where the job was submitted, they are where they were. */
const filesOf = (job: Job, store: Store) =>
  jobFiles(store, job, { cache: fetchedFolder(), here: Object.keys(job.inputs) });

/** Who computed what, and the seconds that all workers took together. */
const recordOf = ({ parts }: Collected) => ({
  seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
  parts,
});
