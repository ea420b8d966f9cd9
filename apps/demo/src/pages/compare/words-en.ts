import type { DataId } from "./point-data.ts";
import type { SolverId } from "./solvers.ts";
import type { Verdict } from "./verdict.ts";
import { isFaster, number, sideName } from "./word-parts.ts";

export const en = {
  lead: (points: number) =>
    `The same ${points.toLocaleString("en")} points of noise on both sides. At every step, the left side adds fresh noise and the right side adds none. Drag the curtain.`,
  data: "Points of",
  sources: {
    picture: "your postcard",
    moons: "moons",
    rings: "rings",
    learned: "what I taught",
  } satisfies Record<DataId, string>,
  denoiser: "Denoised by",
  denoisers: { exact: "the exact formula", network: "the network I trained" },
  untrained: "Train a network and compare it here\u00a0→",
  steps: "Steps",
  eta: "Fresh noise η",
  etaNote: (eta: number): string => (eta === 0 ? "none: DDIM" : eta === 1 ? "as in DDPM" : "some"),
  seed: "Seed",
  newNoise: "New noise",
  play: "Play again",
  curtain: "Curtain",
  curtainAt: (percent: number) => `${percent}% of the picture is the left side`,
  sideName,
  side: (eta: number) => `${sideName(eta)}, η = ${eta}`,
  plot: (eta: number, points: number, logSnr: number) =>
    `${points} points of ${sideName(eta)} with η = ${eta}, at log SNR ${logSnr.toFixed(1)}`,
  tracing: "Moving the points…",
  distance: "W₂",
  fact: (steps: number, eta: number, left: number, right: number) =>
    `In ${steps} steps, ${sideName(eta)} ends ${number(left)} from the data, DDIM ${number(right)}. `,
  fresh: (mean: number, spread: number) =>
    `A fresh draw of the data itself: ${number(mean)}\u00a0±\u00a0${number(spread)}.`,
  adjusted: (list: readonly { name: string; value: string | number }[]) =>
    `Not every setting of the address can be used. Now: ${list.map(({ name, value }) => `${name} = ${value}`).join(", ")}.`,
  clampedSeed: (now: number) => `Seeds are whole numbers from 0 to 4,294,967,295. Set to ${now}.`,
  caption: (eta: number) =>
    `Left: the noise that both start from. Right: the data. Blue glides (DDIM), red ${eta === 0 ? "glides too, because η is 0" : "wanders"}. Drag to travel in time.`,
  frontier: {
    title: "How many steps does it take?",
    lead: "Distance between samples and data, for each number of steps. Lower is closer. In the grey band, samples cannot be told from a fresh draw of the data.",
    x: "steps",
    y: "sliced W₂ to the data",
    band: "a fresh draw of the data",
    stop: "Stop",
    resume: "Continue",
    start: "Measure",
    done: "Measure again",
    progress: (done: number, all: number) => `${done} of ${all} points`,
    left: (time: string) => `${time} left`,
    stopped: (done: number, all: number) => `Stopped at ${done} of ${all} points.`,
    finished: (all: number) => `All ${all} points are measured.`,
    hint: "Point at a solver: its line lights up.",
    plot: (done: number, all: number, lit: string) =>
      `Distance to the data over steps for six solvers; ${done} of ${all} points are measured${lit ? `; ${lit} stands out` : ""}`,
    solvers: "Solvers",
    measuring: "Measuring what fresh noise buys…",
    solver: {
      ddpm: "DDPM adds fresh noise at every step, and looks once at each. First order.",
      sde: "SDE-DPM-Solver++ adds fresh noise and draws a line through its last two estimates. Second order.",
      ddim: "DDIM takes the same steps as DDPM without fresh noise. First order.",
      heun: "Heun looks at both ends of a step and takes the mean: two looks a step. Second order.",
      dpm: "DPM-Solver++ (2M) draws a line through its last two estimates: one look a step. Second order.",
      unipc:
        "UniPC does so too, and corrects each step by the next estimate, which costs no look more.",
    } satisfies Record<SolverId, string>,
    inBand: (steps: number) => `In the band from ${steps} steps.`,
    notInBand: "Not in the band so far.",
  },
  verdict: ({ kind, steps, ddpm, ddim, reached, first }: Verdict, name: string): string => {
    const at = `with ${steps} steps, DDPM ends at ${number(ddpm)} and DDIM at ${number(ddim)}`;
    const need = (n: number | undefined) => (n === undefined ? `more than ${steps}` : String(n));
    const needs = `To be as close as a fresh draw of the data, DDPM needs ${need(reached.ddpm)} steps and DDIM ${need(reached.ddim)}`;
    const best = isFaster(reached, first) ? ` ${name} is there with ${reached[first]} steps.` : "";
    if (kind === "buys") return `Here fresh noise buys closeness: ${at}.`;
    if (kind === "costs") {
      return reached.ddpm === reached.ddim
        ? `Here fresh noise buys nothing: ${at}.${best}`
        : `Here fresh noise buys nothing and costs steps. ${needs}.${best}`;
    }
    if (kind === "saves") return `Here fresh noise saves steps. ${needs}.${best}`;
    return `Here fresh noise makes no difference that can be told: ${at}.${best}`;
  },
  table: {
    points: "The points as numbers",
    pointsCaption: (shown: number, all: number) =>
      `The first ${shown} of ${all.toLocaleString("en")} points at the end of both sides, in standard deviations of the data.`,
    point: "point",
    frontier: "The distances as numbers",
    frontierCaption: "Sliced Wasserstein distance to the data, in standard deviations of the data.",
    solver: "solver",
    steps: "steps",
    distance: "distance",
  },
  files: { frontier: "distances (CSV)" },
};

export type Words = typeof en;
