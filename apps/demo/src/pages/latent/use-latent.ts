import { readSafetensors } from "@gen/data";
import type { TrainingState } from "@gen/nn";
import { proxy } from "comlink";
import { computed, ref, type ShallowRef, shallowRef } from "vue";
import { explainError, type Failure } from "../../network.ts";
import { useWorker } from "../../use-worker.ts";
import { keepVae, readVae } from "./kept-model.ts";
import type { LatentApi, Leg, Pictures, Source, TrainReport } from "./latent-api.ts";
import { type Measured, type PlainWeights, plainVae } from "./mlp-vae.ts";
import recipe from "./recipe.json";
import { type Curve, emptyCurve } from "./term-curves.ts";
import { words } from "./words.ts";

const shippedFile = new URL("./digits-vae.safetensors", import.meta.url);

/** The model that the room shows: its weights, its pictures and its training. */
export function useLatent() {
  const { inPage, work, end } = useWorker<LatentApi>({
    worker: () => new Worker(new URL("./latent.worker.ts", import.meta.url), { type: "module" }),
    inPage: () => import("./create-latent-api.ts").then((module) => module.createLatentApi()),
  });
  const weights = shallowRef<PlainWeights>();
  const model = computed(() => weights.value && plainVae(weights.value));
  /** What the model has learned or learns, and its pictures. */
  const source = shallowRef<Source>("digits");
  const pictures = shallowRef<Pictures>();
  const measured = shallowRef<Measured>();
  /** The parts of the model's training. */
  const legs = shallowRef<readonly Leg[]>([{ beta: recipe.beta, steps: recipe.steps }]);
  /** Absent for the model that the room opens with: it cannot be trained further. */
  const state = shallowRef<TrainingState>();
  const curve = shallowRef<Curve>(emptyCurve);

  const phase = ref<"idle" | "opening" | "training" | "stopping">("idle");
  const failure = shallowRef<Failure>();
  const backendName = ref("");
  const progress = shallowRef<TrainReport["progress"]>();
  /** How the last training ended. */
  const result = shallowRef<{ aborted?: boolean; seconds?: number; late?: number }>();
  const notKept = ref(false);

  /** Shows the kept model, or the one that the room comes with. */
  async function open(): Promise<void> {
    try {
      const kept = await readVae();
      if (kept) {
        source.value = kept.source;
        legs.value = kept.legs;
        state.value = kept.state;
        curve.value = kept.curve;
        weights.value = weightsOf(kept.state);
        result.value = {};
      } else {
        const response = await fetch(shippedFile);
        if (!response.ok) throw new Error(`${words.value.model}: ${response.status}`);
        const bytes = new Uint8Array(await response.arrayBuffer());
        weights.value = readSafetensors(bytes).tensors;
      }
      await openPictures(weights.value);
    } catch (cause) {
      failure.value = await explainError(cause, words.value.model);
    }
  }

  async function openPictures(by: PlainWeights): Promise<void> {
    const opened = await (await work()).open(source.value, by);
    // A training that began meanwhile has pictures of its own.
    if (phase.value !== "idle") return;
    pictures.value = opened.pictures;
    measured.value = opened.measured;
  }

  function onReport(report: TrainReport): void {
    backendName.value = report.backendName;
    if (phase.value === "opening") phase.value = "training";
    if (report.preview) {
      weights.value = report.preview.weights;
      measured.value = report.preview.measured;
    }
    if (!report.progress) return;
    progress.value = report.progress;
    const { losses } = report.progress;
    const { steps, reconstruction, kl } = curve.value;
    curve.value = {
      steps: [...steps, ...losses.map(({ step }) => step)],
      reconstruction: [...reconstruction, ...losses.map((each) => each.reconstruction)],
      kl: [...kl, ...losses.map((each) => each.kl)],
    };
  }

  /** Trains a leg: anew on a source, or further on the present one. */
  async function train(leg: Leg, from?: Source): Promise<void> {
    if (phase.value !== "idle") return;
    phase.value = "opening";
    failure.value = undefined;
    progress.value = undefined;
    result.value = undefined;
    const resume = from === undefined ? state.value : undefined;
    const of = from ?? source.value;
    const before = resume ? legs.value : [];
    const shown = [source, pictures, measured, weights, curve].map(restorable);
    if (!resume) curve.value = emptyCurve;
    try {
      const api = await work();
      if (from !== undefined && weights.value) {
        const opened = await api.open(of, weights.value);
        source.value = of;
        pictures.value = opened.pictures;
        measured.value = opened.measured;
      }
      const ended = await api.train({ source: of, leg, resume }, proxy(onReport));
      const done = ended.state.step;
      if (done === (resume?.step ?? 0)) {
        // Stopped before the first step: there is no new model.
        for (const restore of shown) restore();
        return;
      }
      state.value = ended.state;
      weights.value = weightsOf(ended.state);
      measured.value = ended.measured;
      legs.value = joined(before, { ...leg, steps: done });
      const { aborted, seconds, stopRequestedAt } = ended;
      const late = stopRequestedAt === undefined ? undefined : done - stopRequestedAt;
      result.value = { aborted, seconds, late };
      const kept = { source: of, legs: legs.value, state: ended.state, curve: curve.value };
      notKept.value = !(await keepVae({ version: 1, ...kept }));
    } catch (cause) {
      for (const restore of shown) restore();
      failure.value = await explainError(cause, "ONNX Runtime");
      // A library that failed to start may never start in the old worker.
      end();
    } finally {
      phase.value = "idle";
    }
  }

  async function stop(): Promise<void> {
    if (phase.value === "idle") return;
    phase.value = "stopping";
    await (await work()).stop();
  }

  const step = computed(() => legs.value.at(-1)?.steps ?? 0);
  return {
    inPage,
    weights,
    model,
    source,
    pictures,
    measured,
    legs,
    state,
    step,
    curve,
    phase,
    failure,
    backendName,
    progress,
    result,
    notKept,
    open,
    train,
    stop,
  };
}

export type Latent = ReturnType<typeof useLatent>;

/** A function that brings back a value. */
function restorable(shown: ShallowRef<unknown>): () => void {
  const { value } = shown;
  return () => {
    shown.value = value;
  };
}

const weightsOf = ({ ema, weights }: TrainingState) => ema ?? weights;

/** The parts of a training and one more. Parts of one beta are one part. */
function joined(before: readonly Leg[], leg: Leg): Leg[] {
  const same = before.at(-1)?.beta === leg.beta;
  return [...(same ? before.slice(0, -1) : before), leg];
}
