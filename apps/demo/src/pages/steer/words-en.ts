import type { DataId } from "./data.ts";
import type { Pull } from "./pull-arrows.ts";
import type { Kind } from "./settings.ts";

export const en = {
  lead: "A model pulls noisy points toward all the data, a classifier toward one class. Guidance adds the two pulls.",
  data: "Data",
  dataNames: { arms: "arms", moons: "moons", clusters: "clusters" } satisfies Record<
    DataId,
    string
  >,
  toward: "Pull toward",
  className: (name: string) => `class ${name}`,
  scale: "Scale s",
  kind: "Guide by",
  kinds: { classifier: "a classifier", free: "no classifier" } satisfies Record<Kind, string>,
  kindNotes: {
    classifier: "Adds the slope of a classifier, log p(c | x).",
    free: "Adds the difference of two answers of one model (s is 1 + w). Exact models give the same points.",
  } satisfies Record<Kind, string>,
  steps: "Steps",
  seed: "Seed",
  newNoise: "New noise",
  play: "Play again",
  guided: "The guided points",
  exact: "The exact answer",
  pulls: {
    hint: "Point at a part: its arrows light up. Click to keep or hide them.",
    model: "the model's pull: toward all the data",
    classifier: "the classifier's pull: toward where the class is likely, times s",
    sum: "both together: where the points go",
  } satisfies Record<Pull | "hint", string>,
  noGuidance: "No class is chosen: the model pulls alone.",
  sampling: "Guiding the points…",
  same: (distance: string, mean: string, spread: string) =>
    `Distance ${distance}: these points cannot be told from the exact answer. A fresh draw of it scores ${mean}\u00a0±\u00a0${spread}.`,
  far: (distance: string, mean: string, spread: string, times: string) =>
    `Distance ${distance}: guidance misses the exact answer. A fresh draw of it scores ${mean}\u00a0±\u00a0${spread}, ${times} times less.`,
  caption: (classes: readonly string[]) =>
    `Shaded, and drawn on the right: the density that guidance is said to sample, ${
      classes.length === 0
        ? "p(x)"
        : `p(x) ${classes.map((name) => `p(${name}\u00a0|\u2060\u00a0x)ˢ`).join(" ")}`
    }. Guidance samples it without a class, at s\u00a0=\u00a00, and toward one class at s\u00a0=\u00a01. Elsewhere it does not. The distance is the sliced Wasserstein distance.`,
  paper: "Why it does not: arXiv 2409.13074",
  failed: "The points could not be guided. “Play again” tries once more.",
  sampler: "the sampler",
  plot: (options: { points: number; classes: readonly string[]; scale: number; logSnr: number }) =>
    `Left: ${options.points} points at log SNR ${options.logSnr.toFixed(1)}, ${
      options.classes.length === 0
        ? "without guidance"
        : `guided toward class ${options.classes.join(" and ")} at scale ${options.scale}`
    }, with the pulls as arrows. Right: as many draws of the exact answer, with as much noise.`,
  numbers: "The points as numbers",
  numbersCaption: (shown: number, all: number) =>
    `The first ${shown} of ${all.toLocaleString("en")} points at this moment. The CSV files have them all.`,
  columns: ["point", "guided x", "guided y", "class at the end", "exact x", "exact y"],
  arrows: "The pulls as numbers",
  arrowsCaption: "The pulls at nine places at this moment, as long as the arrows are drawn.",
  arrowColumns: ["place", "model", "classifier", "both"],
  guidedCsv: "guided points (CSV)",
  exactCsv: "exact draws (CSV)",
  curve: "Distance by scale. Grey: where fresh draws of the exact answer lie.",
  curvePlot: (pairs: string) => `Distance to the exact answer by scale: ${pairs}`,
  scales: "The distances as numbers",
  scalesCaption: "The sliced Wasserstein distance of the guided points to the exact answer.",
  scaleColumns: ["scale", "distance"],
  changed: (names: readonly string[]) => `Changed to what this room allows: ${names.join(", ")}.`,
};

export type Words = typeof en;
