/** The table of `gen evaluate`. */
import { alignColumns } from "../align-columns.ts";
import type { Distances } from "./distances.ts";

interface Evaluation {
  readonly data: string;
  readonly samples: number;
  readonly heldOut: number;
  readonly features: string;
  readonly distances: Distances;
  readonly trainingData: Distances;
  readonly nearest: { readonly samples: number; readonly heldOut: number };
  readonly likelihood?: {
    readonly items: number;
    readonly elbo: number;
    readonly reconstruction: number;
    readonly kl: number;
    readonly activeUnits: number;
    /** Missing where the latents are codes. */
    readonly logLikelihood?: number;
    readonly standardError?: number;
    readonly draws?: number;
    readonly bitsPerDimension: number;
  };
  readonly bound?: {
    readonly items: number;
    readonly bitsPerDimension: number;
    readonly standardError: number;
    readonly likelihood: string;
  };
}

const rows: readonly (readonly [string, (of: Distances) => string])[] = [
  ["Frechet distance", ({ frechet }) => short(frechet)],
  ["KID", ({ kid, kidDeviation }) => `${short(kid)} +- ${short(kidDeviation)}`],
  ["precision", ({ precision }) => precision.toFixed(3)],
  ["recall", ({ recall }) => recall.toFixed(3)],
  ["density", ({ density }) => density.toFixed(3)],
  ["coverage", ({ coverage }) => coverage.toFixed(3)],
  ["sliced Wasserstein", ({ slicedWasserstein }) => short(slicedWasserstein)],
  ["MMD squared", ({ mmd }) => short(mmd)],
];

/** Four digits, for a table. */
export const short = (value: number): string =>
  Math.abs(value) >= 1e-3 || value === 0
    ? String(Number(value.toPrecision(4)))
    : value.toExponential(2);

/** What is printed of an evaluation. */
export function reportLines(found: Evaluation, out: string | undefined): string[] {
  const { likelihood, bound, nearest } = found;
  const lines: string[] = [];
  if (likelihood) {
    const { items, elbo, reconstruction, kl, activeUnits, draws } = likelihood;
    const { logLikelihood, standardError } = likelihood;
    const bits = `${likelihood.bitsPerDimension.toFixed(4)} bits/dim`;
    lines.push(
      `${items} held-out items of ${found.data}, in nats for each:`,
      `  ELBO ${elbo.toFixed(2)} (reconstruction ${reconstruction.toFixed(2)}, KL ${kl.toFixed(2)}; ${activeUnits} active units)`,
      logLikelihood === undefined
        ? `  ${bits}`
        : `  log likelihood ${logLikelihood.toFixed(2)} +- ${standardError?.toFixed(2)} by ${draws} draws, ${bits}`,
      "",
    );
  }
  if (bound) {
    lines.push(
      `bound of ${bound.items} held-out items: ${bound.bitsPerDimension.toFixed(4)} +- ${bound.standardError.toFixed(4)} bits/dim (${bound.likelihood})`,
      "",
    );
  }
  lines.push(
    `${found.samples} samples beside ${found.heldOut} held-out items of ${found.data}, in ${found.features}:`,
    ...alignColumns(
      [
        ["", "samples", "training data"],
        ...rows.map(([name, text]) => [name, text(found.distances), text(found.trainingData)]),
      ],
      1,
    ).map((line) => `  ${line}`),
    `median distance to the nearest training item: samples ${short(nearest.samples)}, held-out items ${short(nearest.heldOut)}`,
  );
  if (out) {
    const what = found.features === "points" ? "held-out points" : "nearest training images";
    lines.push("", `samples beside ${what} are in ${out}`);
  }
  return lines;
}
