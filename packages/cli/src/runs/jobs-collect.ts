/* The work of `gen jobs collect`: the parts in a store become what one process would have written. */
import { resolve } from "node:path";
import { type Collected, collect } from "@gen/jobs";
import { claimOutput } from "../files.ts";
import { openStore } from "../jobs-queue.ts";
import { outputKind } from "../output-kind.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { print, progress } from "../terminal.ts";

export interface CollectOptions {
  readonly store?: string;
  readonly out: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** Runs `gen jobs collect`. */
export async function runCollect(id: string, options: CollectOptions): Promise<void> {
  const { out, force, json } = options;
  const kind = outputKind(out);
  await claimOutput(out, { force, kind: kind === "folder" ? "folder" : "file" });
  const store = await openStore(options);
  const line = progress(`Collecting job ${id}`);
  const found = await collect(store, id, (done, count) => line.update(done, count));
  line.finish(`${found.parts.length} files`);
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
      ...{ seconds: secondsOf(found), parts: found.parts },
    },
    [`${count} ${count === 1 ? "item is" : "items are"} in ${out}`],
  );
}

/** Seconds that all workers took together. */
const secondsOf = ({ parts }: Collected) => parts.reduce((sum, { seconds }) => sum + seconds, 0);
