import { tensor } from "@gen/graph";
import type { FloatTensor, StoredTensor } from "@gen/nn";
import type { TimeSampler } from "./time-sampler.ts";

const KIND = "times/";
const WAITING = `${KIND}waiting/`;

/** A sampler of time steps that training teaches. */
export interface TaughtTimes extends Pick<TimeSampler, "sample"> {
  /** Tells the losses of the earliest batch drawn that has none. */
  hear(losses: ArrayLike<number>): void;
  /** What a state of training holds of it, by name. */
  state(): Record<string, FloatTensor>;
}

/**
 * Teaches a sampler each batch's losses just before the batch `lag` later is drawn, however many
 * steps a run of the program takes: so the draws do not depend on how steps were grouped, or where
 * a training was stopped and resumed.
 */
export function taughtTimes(
  times: TimeSampler,
  lag: number,
  resume?: Readonly<Record<string, StoredTensor>>,
): TaughtTimes {
  const waiting: { t: ArrayLike<number>; losses?: ArrayLike<number> }[] = [];
  if (resume) {
    waiting.push(...readWaiting(resume));
    const own = Object.entries(resume)
      .filter(([name]) => name.startsWith(KIND) && !name.startsWith(WAITING))
      .map(([name, held]) => [name.slice(KIND.length), held]);
    if (own.length > 0) times.restore?.(Object.fromEntries(own));
  }
  return {
    sample(count, stream) {
      while (waiting.length >= lag) {
        const { t, losses } = waiting.shift() as (typeof waiting)[number];
        if (losses) times.update?.(t, losses);
      }
      const drawn = times.sample(count, stream);
      waiting.push({ t: drawn.t });
      return drawn;
    },
    hear(losses) {
      const first = waiting.find((one) => !one.losses);
      if (first) first.losses = losses;
    },
    state() {
      const own = Object.entries(times.state?.() ?? {}).map(([name, held]) => [KIND + name, held]);
      return { ...Object.fromEntries(own), ...writtenWaiting(waiting) };
    },
  };
}

const double = (rows: readonly ArrayLike<number>[]): FloatTensor =>
  tensor(
    rows.flatMap((row) => Array.from(row)),
    [rows.length, rows[0].length],
    "float64",
  ) as FloatTensor;

function writtenWaiting(
  waiting: readonly { t: ArrayLike<number>; losses?: ArrayLike<number> }[],
): Record<string, FloatTensor> {
  const done = waiting.flatMap(({ t, losses }) => (losses ? [{ t, losses }] : []));
  if (done.length === 0) return {};
  return {
    [`${WAITING}t`]: double(done.map(({ t }) => t)),
    [`${WAITING}losses`]: double(done.map(({ losses }) => losses)),
  };
}

function readWaiting(from: Readonly<Record<string, StoredTensor>>) {
  const t = from[`${WAITING}t`];
  const losses = from[`${WAITING}losses`];
  if (!t || !losses) return [];
  const [count, size] = t.shape;
  const row = (held: StoredTensor, k: number) =>
    (held.data as Float64Array).slice(k * size, (k + 1) * size);
  return Array.from({ length: count }, (_, k) => ({ t: row(t, k), losses: row(losses, k) }));
}
