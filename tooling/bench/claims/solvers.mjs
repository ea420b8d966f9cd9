// How near each solver comes to the end of the probability flow, by calls of the denoiser. The end
// is where DDIM in 1,000 steps goes from the same noise. The docs show the whole table.
import { writeFileSync } from "node:fs";
import { slicedWasserstein } from "@gen/math";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import * as sampling from "@gen/sampling";
import { readSchedulerConfig } from "@gen/schedules";
import { versionsOf } from "../machine.mjs";
import * as bench from "../solver-models.mjs";

const docs = new URL("../../../apps/docs/.vitepress/solvers.generated.json", import.meta.url);
const { ddimSteps, deisSteps, dpmSolverSteps, heunSteps, ipndmSteps, lmsSteps } = sampling;
const { pndmSteps, saSolverSteps, unipcSteps } = sampling;

// The largest distances over DDIM's, by calls; `other` is for all other calls.
const multistep = { 8: 0.75, 10: 0.65, 20: 0.5, other: 1 };
const singlestep = { 8: 1, 10: 0.8, 20: 0.6 };
const heun = { 15: 1, 20: 0.75, 30: 1, 50: 1 };
const rungeKutta = { 15: 1, 20: 1, 30: 1, 50: 1 };

/** A solver: our function with options, and its class in diffusers. */
const solver = (name, make, options, settings, target, fewest = 1) => ({
  name,
  make: (path) => make(bench.schedule, { ...options, ...path }),
  config: settings && readSchedulerConfig({ clip_sample: false, ...settings }),
  target,
  fewest,
});
const multi = { _class_name: "DPMSolverMultistepScheduler" };
const single = { _class_name: "DPMSolverSinglestepScheduler" };
const prk = { _class_name: "PNDMScheduler" };
const solvers = [
  solver("DDIM", ddimSteps, { spacing: "trailing" }, { _class_name: "DDIMScheduler" }),
  solver("DPM-Solver++ 2M", dpmSolverSteps, {}, multi, multistep),
  solver("DPM-Solver++ 3M", dpmSolverSteps, { order: 3 }, { ...multi, solver_order: 3 }),
  solver("DPM-Solver++ 2S", dpmSolverSteps, { method: "singlestep" }, single, singlestep),
  solver("UniPC", unipcSteps, {}, { _class_name: "UniPCMultistepScheduler" }, multistep),
  solver("DEIS", deisSteps, {}, { _class_name: "DEISMultistepScheduler" }, multistep),
  solver("SA-Solver, tau 0", saSolverSteps, { tau: () => 0 }),
  solver("Heun", heunSteps, {}, { _class_name: "HeunDiscreteScheduler" }, heun),
  solver("LMS", lmsSteps, {}, { _class_name: "LMSDiscreteScheduler" }),
  // IPNDMScheduler has a noise schedule of its own.
  solver("IPNDM", ipndmSteps, {}),
  solver("PNDM", pndmSteps, {}, { ...prk, skip_prk_steps: true }),
  solver("PNDM, Runge-Kutta", pndmSteps, { rungeKutta: 3 }, prk, rungeKutta, 13),
];
// Fresh noise leads to another end, so that these have no distance.
const stochastic = [
  solver("DPM-Solver++ 2M SDE", dpmSolverSteps, { sde: true }),
  solver("SA-Solver", saSolverSteps, {}),
];

export const title = "Fast solvers: distance to the end of the flow";
export const versions = ["onnxruntime-node"];
export const timed = false;

export async function measure({ quick }) {
  const calls = quick ? [10, 20] : [5, 8, 10, 15, 20, 30, 50];
  const backend = await onnxBackend({ provider: "cpu", threads: 2 });
  const cases = {
    moons: ["two moons, exact", () => (quick ? [0] : [0, 1, 2]).map(bench.exactMoons)],
    digits: ["digits, exact", async () => [await bench.exactDigits(quick)]],
    moonsModel: ["two moons, MLP", async () => [await bench.trainedMoons(backend, quick)]],
    digitsModel: ["digits, UNet", async () => [await bench.trainedDigits(backend, quick)]],
  };
  const about = [new Date().toISOString().slice(0, 10), `Node ${process.versions.node}`];
  const results = { about: [...about, ...versionsOf(versions)].join(", "), calls };
  const rows = [];
  for (const [key, [work, open]] of Object.entries(cases)) {
    results[key] = await compare(await open(), calls);
    // One line for each solver.
    if (!quick) writeFileSync(docs, `${JSON.stringify(results).replaceAll("],", "],\n")}\n`);
    for (const form of ["default", "optimal"]) {
      for (const { name, target } of solvers) {
        if (target) rows.push(row(`${name}, ${form}: ${work}`, target, form, name, results[key]));
      }
    }
  }
  await backend.close();
  const note = `columns: ${calls.join(", ")} calls; distance to DDIM in 1,000 steps, root mean square, over that of DDIM with trailing steps at as many calls; steps by default or of optimalTimesteps`;
  return [{ ...rows[0], note }, ...rows.slice(1)];

  function row(work, target, form, name, result) {
    const ratios = result[form][name];
    const above = ratios.some((v, i) => v > (target[calls[i]] ?? target.other ?? Infinity));
    const limits = Object.entries(target).map(([n, limit]) => `${limit} (${n})`);
    return {
      work,
      ours: ratios.map((v) => v?.toFixed(2) ?? "-").join(", "),
      peer: `DDIM: ${result.distance.map((v) => v.toPrecision(2)).join(", ")}`,
      target: `<= ${limits.join(", ")}`,
      pass: quick ? undefined : !above,
    };
  }
}

/** The results for one kind of data; the samples of several models count as one set. */
async function compare(models, calls) {
  const draw = async (one, form, n) => {
    const samples = [];
    for (const model of models) {
      const options = await bench.largestTable(model, one, form, n);
      if (!options) return undefined;
      samples.push(await model.draw(options));
    }
    return samples;
  };
  const ends = await draw(solvers[0], "default", 1000);
  const distanceOf = (samples) => {
    const squares = samples.map((x, k) => x.reduce((sum, v, i) => sum + (v - ends[k][i]) ** 2, 0));
    return Math.sqrt(squares.reduce((a, b) => a + b) / (models.length * ends[0].length));
  };
  const w2Of = (samples) => {
    const each = samples.map((x, k) => slicedWasserstein(x, models[k].fresh, 2));
    return rounded(each.reduce((a, b) => a + b) / models.length);
  };
  const drawn = async (one, form) => {
    const samples = [];
    for (const n of calls) samples.push(await draw(one, form, n));
    return samples;
  };
  const baseline = (await drawn(solvers[0], "default")).map(distanceOf);
  const result = { distance: baseline.map(rounded), default: {}, optimal: {}, config: {}, w2: {} };
  const addW2 = (name, samples) => {
    if (models[0].fresh) result.w2[name] = samples.map((x) => (x ? w2Of(x) : null));
  };
  for (const one of solvers) {
    for (const form of ["default", "optimal", "config"]) {
      if (form === "config" && !one.config) continue;
      const samples = await drawn(one, form);
      const ratio = (x, i) => (x ? rounded(distanceOf(x) / baseline[i]) : null);
      result[form][one.name] = samples.map(ratio);
      if (form === "default") addW2(one.name, samples);
    }
  }
  if (!models[0].fresh) return result;
  for (const one of stochastic) addW2(one.name, await drawn(one, "default"));
  addW2(
    "DDIM, 1000",
    calls.map(() => ends),
  );
  return result;
}

const rounded = (value) => Number(value.toPrecision(3));
