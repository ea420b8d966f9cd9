import { tensor } from "@gen/graph";
import type { FloatTensor, TrainingState } from "@gen/nn";
import type { TimeSampler } from "./time-sampler.ts";

/** A sampler of time steps that learns from the losses of a training. */
export interface AdaptiveTimeSampler extends Pick<TimeSampler, "sample"> {
  /** Adds the losses `[batch]` of the earliest batch drawn that has none yet. */
  addLosses(losses: ArrayLike<number>): void;
  /** What a training's state keeps of the sampler. */
  state(): NonNullable<TrainingState["times"]>;
}

/** A batch that was drawn, and its losses once they are known. */
interface DrawnBatch {
  readonly t: ArrayLike<number>;
  losses?: ArrayLike<number>;
}

/**
 * Updates a sampler with each batch's losses just before the batch `delay` later is drawn, however
 * many steps a run of the program takes. So the draws do not depend on how steps were grouped, or
 * on where a training was stopped and resumed.
 */
export function adaptiveTimeSampler(
  times: TimeSampler,
  delay: number,
  resume: TrainingState["times"] = {},
): AdaptiveTimeSampler {
  const { "waiting/t": t, "waiting/losses": losses, ...own } = resume;
  const waiting: DrawnBatch[] = t && losses ? batchesOf(t, losses) : [];
  if (Object.keys(own).length > 0) times.restore?.(own);
  return {
    sample(count, stream) {
      while (waiting.length >= delay) {
        const { t, losses } = waiting.shift() as DrawnBatch;
        if (losses) times.update?.(t, losses);
      }
      const drawn = times.sample(count, stream);
      waiting.push({ t: drawn.t });
      return drawn;
    },
    addLosses(losses) {
      const first = waiting.find((batch) => !batch.losses);
      if (first) first.losses = losses;
    },
    state() {
      const known = waiting.flatMap(({ t, losses }) => (losses ? [{ t, losses }] : []));
      return {
        ...times.state?.(),
        ...(known.length > 0 && {
          "waiting/t": matrix(known.map(({ t }) => t)),
          "waiting/losses": matrix(known.map(({ losses }) => losses)),
        }),
      };
    },
  };
}

const matrix = (rows: readonly ArrayLike<number>[]): FloatTensor =>
  tensor(
    rows.flatMap((row) => Array.from(row)),
    [rows.length, rows[0].length],
    "float64",
  ) as FloatTensor;

function batchesOf(t: FloatTensor, losses: FloatTensor): DrawnBatch[] {
  const [count, size] = t.shape;
  const row = ({ data }: FloatTensor, k: number) => data.slice(k * size, (k + 1) * size);
  return Array.from({ length: count }, (_, k) => ({
    t: row(t, k) as Float64Array,
    losses: row(losses, k) as Float64Array,
  }));
}
