import { resolve } from "node:path";
import { writePng } from "@gen/data";
import { frechetDistance } from "@gen/math/metrics";
import type { Backend } from "@gen/runtime-gpu";
import type { SamplerName } from "@gen/sampling";
import { alignColumns } from "../align-columns.ts";
import { replaceFile } from "../atomic-files.ts";
import { gridSheet } from "../drawing/grid-sheet.ts";
import { isDrawable, pictureOf } from "../drawing/pictures.ts";
import { extractorOf } from "../evaluation/features.ts";
import {
  checkShape,
  chosenItems,
  evaluatedData,
  firstItems,
  type Items,
  itemsOf,
  trainedOn,
} from "../evaluation/items.ts";
import { type Drawn, drawSamples, isEdm, openPipeline } from "../evaluation/open-model.ts";
import { short } from "../evaluation/report.ts";
import type { CommonOptions } from "../options.ts";
import { duration, print, progress } from "../terminal.ts";
import type { DataFlags } from "../training-options.ts";

export interface CompareOptions extends CommonOptions, DataFlags {
  readonly model?: string;
  readonly samplers?: readonly SamplerName[];
  readonly steps: readonly number[];
  readonly count: number;
  readonly shown: number;
  readonly reference: number;
  readonly guidance?: number;
  readonly data?: string;
  readonly features?: string;
  readonly featureRange?: readonly [number, number];
}

/** What is measured of a run. */
interface Row {
  readonly sampler: SamplerName;
  readonly steps: number;
  /** The network's calls for each sample. */
  readonly calls: number;
  readonly seconds: number;
  /** The Frechet distance from held-out data. */
  readonly frechet?: number;
  /** The root mean square difference from the samples of the reference. */
  readonly fromReference?: number;
}

/** Runs `gen compare`. */
export async function runCompare(
  options: CompareOptions & { readonly model: string },
  { signal, opening }: { readonly signal: AbortSignal; readonly opening: Promise<Backend> },
): Promise<void> {
  const { model, out, json, steps, reference, shown, seed } = options;
  const trained = await trainedOn(model);
  const opened = await openPipeline(model, { ...options, signal });
  const first = isEdm(opened.pipeline.scheduler) ? "euler" : "ddim";
  const others =
    first === "ddim" ? (["dpm-solver++", "unipc"] as const) : (["dpm-solver++"] as const);
  const { samplers = [first, ...others] } = options;
  const { item } = opened.pipeline;
  const data = (options.data ?? trained.data) ? await evaluatedData(options, trained) : undefined;
  if (data) checkShape(item, data);
  const backend = await opening;
  try {
    const distance = data && (await dataDistance(data, item, options, backend));
    const draw = async (sampler: SamplerName, steps: number) => {
      const line = progress(`${sampler}, ${steps} steps`);
      const { count } = opened;
      let first: { readonly at: number; readonly done: number } | undefined;
      const start = performance.now();
      const drawn = await drawSamples(opened, {
        ...{ backend, count, seed, sampler, steps, signal },
        onStep({ done, steps }) {
          first ??= { at: performance.now(), done };
          line.update(done * steps, steps);
        },
      });
      // The program is compiled before the first step ends.
      const { at, done } = first && first.done < 1 ? first : { at: start, done: 0 };
      const seconds = (performance.now() - at) / 1000 / (1 - done);
      line.finish();
      return { drawn, seconds };
    };
    const ideal = reference > 0 ? (await draw(first, reference)).drawn : undefined;
    const rows: Row[] = [];
    const pictures: { title: string; cells: Drawn[] }[] = [];
    for (const sampler of samplers) {
      const cells: Drawn[] = [];
      for (const count of steps) {
        const { drawn, seconds } = await draw(sampler, count);
        cells.push(drawn);
        rows.push({
          ...{ sampler, steps: count, calls: drawn.steps, seconds },
          ...(distance && { frechet: await distance.of(drawn) }),
          ...(ideal && { fromReference: rootMeanSquare(drawn, ideal) }),
        });
      }
      pictures.push({ title: sampler, cells });
    }
    await distance?.dispose();
    const drawable = isDrawable(item);
    if (drawable) {
      const cellOf = (items: Items) => {
        const { data, length, shape } = item.length === 3 ? firstItems(items, shown) : items;
        return pictureOf(data, [length, ...shape], [-1, 1]);
      };
      const drawn = pictures.map(({ title, cells }) => ({ title, cells: cells.map(cellOf) }));
      const sheet = gridSheet(
        drawn,
        steps.map((count) => `${count} steps`),
      );
      await replaceFile(out, writePng(sheet));
    }
    const result = {
      ...(drawable && { out: resolve(out) }),
      ...(data && { data: data.name, features: distance?.what }),
      ...(ideal && { reference }),
      count: opened.count,
      runs: rows,
      seed,
      backend: backend.name,
    };
    print(json, result, [
      ...alignColumns([titles(rows[0]), ...rows.map(cellsOf)], 1),
      ...(drawable ? ["", `the first samples of each run are in ${out}`] : []),
    ]);
  } finally {
    await backend.close();
  }
}

/** The Frechet distance from held-out data. */
async function dataDistance(
  { name, test }: Awaited<ReturnType<typeof evaluatedData>>,
  shape: readonly number[],
  options: CompareOptions,
  backend: Backend,
) {
  const extractor = await extractorOf(name, shape, options, backend);
  const heldOut = itemsOf(chosenItems(test, Math.max(1000, options.count), options.seed));
  const { data: real, dim } = await extractor.of(heldOut);
  return {
    what: extractor.what,
    of: async (items: Items) => frechetDistance((await extractor.of(items)).data, real, dim),
    dispose: () => extractor.dispose(),
  };
}

function rootMeanSquare({ data }: Items, { data: other }: Items): number {
  const total = data.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0);
  return Math.sqrt(total / data.length);
}

const titles = ({ frechet, fromReference }: Row): string[] => [
  "sampler",
  "steps",
  "calls",
  "time",
  ...(frechet === undefined ? [] : ["Frechet distance"]),
  ...(fromReference === undefined ? [] : ["from reference"]),
];

const cellsOf = ({ sampler, steps, calls, seconds, frechet, fromReference }: Row): string[] => [
  sampler,
  String(steps),
  String(calls),
  duration(seconds),
  ...(frechet === undefined ? [] : [short(frechet)]),
  ...(fromReference === undefined ? [] : [short(fromReference)]),
];
