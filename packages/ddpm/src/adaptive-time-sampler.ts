import { tensor } from "@gen/graph";
import type { FloatTensor, TrainingState } from "@gen/nn";
import type { TimeSampler } from "./time-sampler.ts";

/** A sampler of time steps that learns from the losses of a training. */
export interface AdaptiveTimeSampler extends Pick<TimeSampler, "sample"> {
  /** Adds the losses `[batch]` of the earliest batch that has none yet. */
  addLosses(losses: ArrayLike<number>): void;
  /** The sampler's state, for the state of the training. */
  state(): NonNullable<TrainingState["times"]>;
}

/** The time steps of a batch, and its losses once they are known. */
interface DrawnBatch {
  readonly t: ArrayLike<number>;
  losses?: ArrayLike<number>;
}

/**
 * Updates a sampler with each batch's losses just before it draws the batch `delay` later. So the
 * draws depend neither on the number of steps in a run of the program, nor on where a training was
 * stopped and resumed.
 */
export function adaptiveTimeSampler(
  times: TimeSampler,
  delay: number,
  resume: TrainingState["times"] = {},
): AdaptiveTimeSampler {
  const { "waiting/t": t, "waiting/losses": losses, ...learned } = resume;
  const waiting: DrawnBatch[] = t && losses ? batchesOf(t, losses) : [];
  if (Object.keys(learned).length > 0) times.restore?.(learned);
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

function matrix(rows: readonly ArrayLike<number>[]): FloatTensor {
  const numbers = rows.flatMap((row) => Array.from(row));
  return tensor(numbers, [rows.length, rows[0].length], "float64") as FloatTensor;
}

function batchesOf(t: FloatTensor, losses: FloatTensor): DrawnBatch[] {
  const [count, size] = t.shape;
  const row = ({ data }: FloatTensor, k: number) => data.slice(k * size, (k + 1) * size);
  return Array.from({ length: count }, (_, k) => ({
    t: row(t, k) as Float64Array,
    losses: row(losses, k) as Float64Array,
  }));
}
