import { type Ref, ref, shallowRef } from "vue";
import { type Choice, choices } from "../../backends/choices.ts";
import { explainError } from "../../network.ts";
import type { Cloud } from "./clouds.ts";
import type { Studio, TrainEnd, TrainNews } from "./studio.ts";

/** Training as the room shows it. */
export function useTraining(
  studio: Pick<Studio, "train" | "stop"> & { renew(): void },
  choice: Ref<Choice>,
  cloud: () => Cloud | undefined,
) {
  const steps = ref(2500);
  const phase = ref<"idle" | "opening" | "training" | "stopping">("idle");
  const error = ref("");
  const ranOn = ref("");
  const progress = shallowRef<TrainNews["progress"]>();
  const end = shallowRef<TrainEnd>();
  const curve = shallowRef({ steps: [] as number[], losses: [] as number[] });
  /** What the model has learned. */
  const learned = shallowRef<Cloud>();
  /** Counts the models: it changes whenever there is another one to sample from. */
  const model = ref(0);

  function hear(news: TrainNews): void {
    ranOn.value = news.ranOn;
    if (phase.value === "opening") phase.value = "training";
    if (!news.progress) return;
    progress.value = news.progress;
    const { losses } = news.progress;
    curve.value = {
      steps: [...curve.value.steps, ...losses.map(({ step }) => step)],
      losses: [...curve.value.losses, ...losses.map(({ loss }) => loss)],
    };
  }

  async function train(goOn: boolean): Promise<void> {
    const data = cloud();
    if (!data || phase.value !== "idle") return;
    phase.value = "opening";
    error.value = "";
    progress.value = undefined;
    end.value = undefined;
    if (!goOn) curve.value = { steps: [], losses: [] };
    const request = { choice: choice.value, points: data.points, steps: steps.value, goOn };
    try {
      end.value = await studio.train(request, hear);
      learned.value = data;
      model.value++;
    } catch (cause) {
      error.value = await explainError(cause, choices[choice.value]);
      if (model.value === 0) studio.renew();
    } finally {
      phase.value = "idle";
    }
  }

  function stop(): void {
    if (phase.value === "idle") return;
    phase.value = "stopping";
    studio.stop();
  }

  return { steps, phase, error, ranOn, progress, end, curve, learned, model, train, stop };
}

export type Training = ReturnType<typeof useTraining>;
