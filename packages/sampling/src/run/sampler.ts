import type { Tensor } from "@gen/graph";
import type { PredictionType } from "@gen/math";
import type { Backend, Program } from "@gen/runtime-gpu";
import { type Conditions, conditionInputs, namedConditions } from "../denoiser/conditions.ts";
import type { Denoiser } from "../denoiser/denoiser.ts";
import type { Step } from "../samplers/step.ts";
import { coefficientTable } from "./coefficients.ts";
import { loop } from "./loop.ts";
import { noiseSource } from "./noise-source.ts";
import { programEngine } from "./program-engine.ts";
import type {
  Progress,
  SampleOptions,
  SamplerOptions,
  SampleStep,
  Samples,
} from "./sample-options.ts";
import { type StepForm, stepForm, stepGraph } from "./step-graph.ts";

/** A denoiser ready to sample: its programs are compiled once per shape and kept. */
export interface Sampler {
  /** @throws as a rejection: RangeError or TypeError for an option, the signal's reason. */
  sample(options: SampleOptions): Promise<Samples>;
  /** The same, step by step; leaving the iteration early frees all that the run holds. */
  sampleSteps(options: SampleOptions): AsyncGenerator<SampleStep, void>;
  /** Frees the compiled programs. */
  dispose(): Promise<void>;
}

/** Prepares a denoiser on a backend. Programs are compiled at the first run of each shape. */
export function sampler<T>({ backend, denoiser }: SamplerOptions<T>): Sampler {
  const programs = new Map<string, Promise<Program<T>>>();
  const opening = backend && Promise.resolve(backend);
  // A run that fails before it needs the backend does not report why that did not open.
  opening?.catch(() => undefined);

  async function* run(options: SampleOptions): AsyncGenerator<Progress, Samples> {
    const { steps, shape, clip = false, signal } = options;
    checkSteps(steps, typeof denoiser === "function" ? undefined : denoiser.predicts);
    const form = stepForm(steps, clip);
    const rest = { steps, ...noiseSource(options), depth: form.depth, signal };
    if (typeof denoiser === "function") {
      const { functionEngine } = await import("./function-engine.ts");
      const engine = functionEngine(denoiser, shape, steps, clip, form);
      return { shape, x: yield* loop(engine, rest) };
    }
    if (!opening) throw new TypeError("backend is needed unless the denoiser is a function");
    const table = coefficientTable(steps, clip, form.depth, rowsFor(steps.length));
    const condition = namedConditions(options.condition, denoiser.condition);
    const program = await compiled(denoiser, opening, shape, condition, table.shape, form);
    const opened = await opening;
    const shared: Record<string, T> = {};
    try {
      shared.coefficients = opened.upload(table.values, table.shape, "float32");
      const conditions = Object.entries(conditionInputs(condition));
      for (const [name, { data, shape, dtype }] of conditions) {
        shared[name] = opened.upload(data, shape, dtype);
      }
      const engine = programEngine(opened, program, shape, steps, shared, form);
      return { shape, x: yield* loop(engine, rest) };
    } finally {
      opened.dispose(...Object.values(shared));
    }
  }

  const compiled = (
    model: Denoiser,
    on: Promise<Backend<T>>,
    shape: readonly number[],
    condition: Conditions<Tensor> | undefined,
    table: readonly [rows: number, columns: number],
    form: StepForm,
  ): Promise<Program<T>> => {
    const conditions = Object.entries(conditionInputs(condition));
    const signatures = conditions.map(([name, { shape, dtype }]) => [name, shape, dtype]);
    const key = JSON.stringify([shape, table, signatures, form]);
    const compile = () => {
      const graph = stepGraph(model, shape, table, condition, form);
      return on.then((opened) => opened.compile(graph));
    };
    const program = programs.get(key) ?? compile();
    programs.set(key, program);
    program.catch(() => programs.delete(key));
    return program;
  };

  return {
    async sample(options) {
      const steps = run(options);
      try {
        for (;;) {
          const { done, value } = await steps.next();
          if (done) return value;
          await options.onStep?.(value);
        }
      } finally {
        await steps.return(undefined as never);
      }
    },
    async *sampleSteps(options) {
      for await (const progress of run(options)) {
        await options.onStep?.(progress);
        const [x, x0] = await Promise.all([progress.x(), progress.x0()]);
        yield { step: progress.step, t: progress.t, x, x0 };
      }
    },
    async dispose() {
      const all = await Promise.allSettled(programs.values());
      programs.clear();
      await Promise.all(all.map((p) => p.status === "fulfilled" && p.value.dispose()));
    },
  };
}

/** Rows of the program's table, which is one for all tables of usual lengths. */
const rowsFor = (steps: number): number => 2 ** Math.max(10, Math.ceil(Math.log2(steps)));

function checkSteps(steps: readonly Step[], predicts: PredictionType | undefined): void {
  if (!(steps?.length > 0)) throw new RangeError("steps must have at least one row, got none");
  const [{ predicts: wanted }] = steps;
  if (predicts && wanted !== predicts) {
    throw new RangeError(
      `steps must be made for a denoiser that predicts ${predicts}, got steps for ${wanted}`,
    );
  }
}
