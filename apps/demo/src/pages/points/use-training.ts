import { type Ref, ref, shallowRef } from "vue";
import { type Choice, choices } from "../../backends/choices.ts";
import { explainError } from "../../network.ts";
import type { Cloud } from "./clouds.ts";
import type { TrainProgress, TrainResult, WorkerApi } from "./worker-api.ts";

/** The state of the training that the page shows. */
export function useTraining(
  api: Pick<WorkerApi, "train" | "stop"> & { restart(): void },
  choice: Ref<Choice>,
  cloud: () => Cloud | undefined,
) {
  const steps = ref(2500);
  const phase = ref<"idle" | "opening" | "training" | "stopping">("idle");
  const error = ref("");
  const backendName = ref("");
  const progress = shallowRef<TrainProgress["progress"]>();
  const result = shallowRef<TrainResult>();
  const curve = shallowRef({ steps: [] as number[], losses: [] as number[] });
  /** The data that the model was trained on. */
  const learned = shallowRef<Cloud>();
  /** The number of the model. It grows with each training. */
  const model = ref(0);

  function onProgress(report: TrainProgress): void {
    backendName.value = report.backendName;
    if (phase.value === "opening") phase.value = "training";
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
    error.value = "";
    progress.value = undefined;
    result.value = undefined;
    if (!resume) curve.value = { steps: [], losses: [] };
    const request = { choice: choice.value, points: data.points, steps: steps.value, resume };
    try {
      result.value = await api.train(request, onProgress);
      learned.value = data;
      model.value++;
    } catch (cause) {
      error.value = await explainError(cause, choices[choice.value]);
      if (model.value === 0) api.restart();
    } finally {
      phase.value = "idle";
    }
  }

  function stop(): void {
    if (phase.value === "idle") return;
    phase.value = "stopping";
    api.stop();
  }

  return { steps, phase, error, backendName, progress, result, curve, learned, model, train, stop };
}

export type Training = ReturnType<typeof useTraining>;
