import { arrayDataset, readSafetensors, writeSafetensors } from "@gen/data";
import { tensorNumbers } from "@gen/graph";
import { normalNoise } from "@gen/math";
import { mlp, stateFromTensors, stateTensors, type TrainingState } from "@gen/nn";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { linearSchedule } from "@gen/schedules";
import { afterAll, describe, expect, it } from "vitest";
import { lossSecondMoment, type TimeSampler, trainDdpm } from "../src/index.ts";

const length = 8;
const schedule = linearSchedule({ steps: length, betaEnd: 0.8 });
const backend = await onnxBackend();
afterAll(() => backend.close());

const dataset = arrayDataset(
  { data: normalNoise({ seed: 3, batch: 500, size: 2 }), shape: [500, 2], dtype: "float32" },
  { name: "points" },
);
const network = () => mlp({ inputs: 2, hidden: [8], time: { features: 8 } });
const options = { backend, dataset, schedule, batchSize: 16, learningRate: 1e-2, logEvery: 5 };

interface Drawn {
  t: readonly number[];
  importance: readonly number[];
}
/** A sampler that records its draws and its updates. */
function recordingSampler(inner: TimeSampler) {
  const drawn: Drawn[] = [];
  const updates: { t: number[]; losses: number[] }[] = [];
  const times: TimeSampler = {
    ...inner,
    sample(count, stream) {
      const one = inner.sample(count, stream);
      drawn.push({ t: [...one.t], importance: [...one.importance] });
      return one;
    },
    update(t, losses) {
      updates.push({ t: Array.from(t), losses: Array.from(losses) });
      inner.update?.(t, losses);
    },
  };
  return { times, drawn, updates };
}
const average = (values: readonly number[]) => values.reduce((s, v) => s + v, 0) / values.length;

describe("training with a sampler of time steps that learns", () => {
  it("gives the sampler each sample's loss and minimizes their weighted mean", async () => {
    for (const stepsPerRun of [1, 3]) {
      const { times, drawn, updates } = recordingSampler(lossSecondMoment(length));
      const { training } = await trainDdpm({
        ...options,
        network: network(),
        steps: 40,
        times,
        stepsPerRun,
        logEvery: 3,
      });
      // The last losses would update the sampler before a batch that is never drawn.
      expect(updates.length).toBe(40 - stepsPerRun);
      for (const { step, losses } of training.history) {
        const update = updates[step - 1];
        if (!update) continue;
        expect(update.t).toEqual(drawn[step - 1].t);
        const weighted = update.losses.map((v, i) => v * drawn[step - 1].importance[i]);
        expect(losses.loss).toBeCloseTo(average(weighted), 5);
      }
    }
  });

  it("is given the same losses by a batch in parts", async () => {
    const updatesOf = async (accumulate: number) => {
      const { times, updates } = recordingSampler(lossSecondMoment(length));
      await trainDdpm({ ...options, network: network(), steps: 5, times, accumulate });
      return updates;
    };
    const [whole, parts] = [await updatesOf(1), await updatesOf(4)];
    expect(parts.map(({ t }) => t)).toEqual(whole.map(({ t }) => t));
    for (const [k, { losses }] of whole.entries()) {
      for (const [i, loss] of losses.entries()) expect(parts[k].losses[i]).toBeCloseTo(loss, 4);
    }
  });

  it("draws by the root of the mean square of the last 10 losses, once each step has 10", async () => {
    const sampler = lossSecondMoment(length);
    const { times, drawn, updates } = recordingSampler(sampler);
    await trainDdpm({ ...options, network: network(), steps: 60, times });
    const last = Array.from({ length }, () => [] as number[]);
    const expected = () => {
      if (last.some((losses) => losses.length < 10)) return last.map(() => 1 / length);
      const roots = last.map((losses) => Math.sqrt(average(losses.slice(-10).map((v) => v * v))));
      const total = roots.reduce((s, v) => s + v, 0);
      return roots.map((v) => 0.999 * (v / total) + 0.001 / length);
    };
    let learned = 0;
    for (const [k, { t, importance }] of drawn.entries()) {
      const p = expected();
      if (p[0] !== 1 / length) learned++;
      for (const [i, one] of t.entries()) {
        expect(importance[i] * length * p[one]).toBeCloseTo(1, 10);
      }
      for (const [i, one] of (updates[k]?.t ?? []).entries()) last[one].push(updates[k].losses[i]);
    }
    expect(learned).toBeGreaterThan(30);
    for (const [i, p] of expected().entries()) {
      expect(sampler.probabilities()[i]).toBeCloseTo(p, 12);
    }
  });

  it("keeps the mean of the loss that uniform steps give", async () => {
    // The weights stay, so only the draws differ.
    const still = { ...options, learningRate: 0, steps: 400, logEvery: 1, batchSize: 64 };
    const sampler = lossSecondMoment(length);
    const mean = async (times?: TimeSampler) => {
      const { training } = await trainDdpm({ ...still, network: network(), times });
      // After the warm-up, in which both draw alike.
      return average(training.history.slice(100).map(({ losses }) => losses.loss));
    };
    const [uniform, weighted] = [await mean(), await mean(sampler)];
    const p = sampler.probabilities();
    expect(Math.max(...p) / Math.min(...p)).toBeGreaterThan(1.3);
    expect(Math.abs(weighted / uniform - 1)).toBeLessThan(0.03);
  });

  it("resumes to the same weights, however many steps a run takes", async () => {
    const steps = 43;
    for (const stepsPerRun of [1, 3]) {
      const train = (until: number, resume?: TrainingState) =>
        trainDdpm({
          ...options,
          network: network(),
          steps: until,
          stepsPerRun,
          resume,
          times: lossSecondMoment(length, { history: 3 }),
        });
      const whole = await train(steps);
      for (const stop of [1, 20, 37]) {
        const { state } = (await train(stop)).training;
        const bytes = writeSafetensors(stateTensors(state));
        const saved = stateFromTensors(stop, readSafetensors(bytes).tensors);
        const resumed = await train(steps, saved);
        expect(numbers(resumed.training.state)).toEqual(numbers(whole.training.state));
      }
    }
  });

  it("saves the sampler's state in its checkpoints too", async () => {
    const names: string[][] = [];
    const { training } = await trainDdpm({
      ...options,
      network: network(),
      steps: 10,
      times: lossSecondMoment(length),
      onStep: async ({ checkpoint }) => {
        names.push(Object.keys(stateTensors(await checkpoint())));
      },
    });
    const saved = ["times/losses", "times/counts", "times/waiting/t", "times/waiting/losses"];
    for (const each of names) expect(each).toEqual(expect.arrayContaining(saved));
    expect(Object.keys(stateTensors(training.state))).toEqual(expect.arrayContaining(saved));
  });

  it("refuses the state of another sampler", async () => {
    const tensors = lossSecondMoment(length).state();
    expect(() => lossSecondMoment(length, { history: 4 }).restore(tensors)).toThrow(
      "losses of a sampler must be float [8, 4], got float64 [8, 10]",
    );
    expect(() => lossSecondMoment(length).restore({})).toThrow("got none");
  });
});

const numbers = (state: TrainingState) =>
  Object.fromEntries(
    Object.entries(stateTensors(state)).map(([k, v]) => [k, Array.from(tensorNumbers(v))]),
  );
