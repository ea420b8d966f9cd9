import { resolve } from "node:path";
import { writePng } from "@gen/data";
import type { Backend } from "@gen/runtime-gpu";
import { replaceFile } from "../atomic-files.ts";
import { interrupted } from "../errors.ts";
import {
  type EvaluatedSets,
  type EvaluationSettings,
  prepareEvaluation,
} from "../evaluation/evaluation.ts";
import { reportLines } from "../evaluation/report.ts";
import { resultOf, resultParts } from "../evaluation/result.ts";
import type { RowSet } from "../evaluation/row-set.ts";
import type { CommonOptions } from "../options.ts";
import { print, progress } from "../terminal.ts";

export interface EvaluateOptions extends CommonOptions, Omit<EvaluationSettings, "backend"> {}

/** Runs `gen evaluate`. */
export async function runEvaluate(
  options: EvaluateOptions,
  { signal, opening }: { readonly signal: AbortSignal; readonly opening: Promise<Backend> },
): Promise<void> {
  const { count, sets, open } = await prepareEvaluation(options, signal);
  const backend = await opening;
  try {
    const evaluation = await open(backend);
    const line = progress(`Evaluating on ${backend.name}`);
    line.update(0, undefined, whatIsDone(options, sets));
    const rows = await evaluation
      .draw(0, count, signal, (done) => line.update(done, count))
      .finally(() => evaluation.close());
    line.finish(`${count} items`);
    const facts = { features: evaluation.features, backend: backend.name };
    await writeEvaluation(rows, sets, options, facts, signal);
  } catch (error) {
    throw signal.aborted ? interrupted() : error;
  } finally {
    await backend.close();
  }
}

/** What takes the time, for the line of progress. */
function whatIsDone({ draws, bound }: EvaluateOptions, { samples, vae, heldOut }: EvaluatedSets) {
  if (vae) return `${draws} draws of z for each of ${heldOut.length} held-out items`;
  return bound ? `${samples} samples, and a bound of ${bound} items` : `${samples} samples`;
}

/** Writes the picture of an evaluation, and prints its numbers. */
export async function writeEvaluation(
  rows: RowSet,
  sets: EvaluatedSets,
  options: Pick<EvaluateOptions, "out" | "json" | "seed" | "draws">,
  { features, ...facts }: { readonly features: string } & Record<string, unknown>,
  signal: AbortSignal,
): Promise<void> {
  const { out, json, seed } = options;
  const line = progress(`Distances in ${features}`);
  let done = 0;
  const pause = async () => {
    line.update(++done, resultParts);
    await new Promise((next) => setImmediate(next));
    if (signal.aborted) throw interrupted();
  };
  const { sheet, numbers } = await resultOf(rows, sets, options, { features, pause });
  line.finish();
  if (sheet) await replaceFile(out, writePng(sheet));
  const result = {
    ...(sheet && { out: resolve(out) }),
    data: sets.name,
    ...numbers,
    ...{ seed, ...facts },
  };
  print(json, result, reportLines(result, sheet && out));
}
