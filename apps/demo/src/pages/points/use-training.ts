import type { TrainingState } from "@gen/nn";
import { type Ref, ref, shallowRef } from "vue";
import { type Choice, choices } from "../../backends/choices.ts";
import { explainError, type Failure } from "../../network.ts";
import type { Cloud } from "./clouds.ts";
import { type KeptModel, keepModel, readModel } from "./model-store.ts";
import type { Preview, TrainProgress, TrainResult, WorkerApi } from "./worker-api.ts";

/** The state of the training that the page shows. */
export function useTraining(
  api: Pick<WorkerApi, "train" | "stop" | "restore"> & { restart(): void },
  choice: Ref<Choice>,
  steps: Ref<number>,
  cloud: () => Cloud | undefined,
) {
  const phase = ref<"idle" | "opening" | "training" | "stopping">("idle");
  const failure = shallowRef<Failure>();
  const backendName = ref("");
  const progress = shallowRef<TrainProgress["progress"]>();
  const result = shallowRef<Omit<TrainResult, "state" | "preview">>();
  const curve = shallowRef({ steps: [] as number[], losses: [] as number[] });
  /** What the model draws while it learns. */
  const preview = shallowRef<Preview>();
  /** The data that the model was trained on. */
  const learned = shallowRef<Cloud>();
  /** The weights of the model. */
  const weights = shallowRef<TrainingState["weights"]>();
  /** The number of the model. It grows with each training. */
  const model = ref(0);
  /** Whether the browser refused to keep the model for a reload. */
  const notKept = ref(false);

  function onProgress(report: TrainProgress): void {
    // Reports and the result come on two ports, so a report may come late.
    if (phase.value === "idle") return;
    backendName.value = report.backendName;
    if (phase.value === "opening") phase.value = "training";
    preview.value = report.preview ?? preview.value;
    if (!report.progress) return;
    progress.value = report.progress;
    const { losses } = report.progress;
    curve.value = {
      steps: [...curve.value.steps, ...losses.map(({ step }) => step)],
      losses: [...curve.value.losses, ...losses.map(({ loss }) => loss)],
    };
  }

  async function train(resume: boolean): Promise<void> {
    const data = cloud();
    if (!data || phase.value !== "idle") return;
    phase.value = "opening";
    failure.value = undefined;
    progress.value = undefined;
    result.value = undefined;
    if (!resume) {
      curve.value = { steps: [], losses: [] };
      preview.value = undefined;
    }
    const { points, fresh } = data;
    const request = { choice: choice.value, points, fresh, steps: steps.value, resume };
    try {
      const { state, preview: last, ...rest } = await api.train(request, onProgress);
      preview.value = last;
      result.value = rest;
      learned.value = data;
      weights.value = state.ema ?? state.weights;
      model.value++;
      void keep({ version: 1, state, cloud: data, curve: curve.value, preview: last });
    } catch (cause) {
      failure.value = await explainError(cause, choices[choice.value]);
      if (model.value === 0) api.restart();
    } finally {
      phase.value = "idle";
    }
  }

  async function keep(kept: KeptModel): Promise<void> {
    notKept.value = !(await keepModel(kept));
  }

  /** Takes up the model that the last visit kept. */
  async function restore(): Promise<void> {
    const kept = await readModel();
    if (!kept || phase.value !== "idle" || model.value > 0) return;
    const { state, cloud, curve: losses, preview: drawn } = kept;
    await api.restore({ state, points: cloud.points, fresh: cloud.fresh });
    curve.value = losses;
    preview.value = drawn;
    learned.value = cloud;
    weights.value = state.ema ?? state.weights;
    result.value = { backendName: "", step: state.step };
    model.value++;
  }

  function stop(): void {
    if (phase.value === "idle") return;
    phase.value = "stopping";
    api.stop();
  }

  return {
    steps,
    phase,
    failure,
    backendName,
    progress,
    result,
    curve,
    preview,
    learned,
    weights,
    model,
    notKept,
    train,
    restore,
    stop,
  };
}

export type Training = ReturnType<typeof useTraining>;
