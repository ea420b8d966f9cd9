/*
 * The readings of a training: its losses every few steps, and the loss of a held-out share of the
 * data now and then. The held-out readings alone decide which model is the best, and whether the
 * training ends early, so that a resumed training decides as one that nobody stopped.
 */

/** The readings of the losses: their steps, and values by name. */
export interface History {
  readonly steps: number[];
  readonly losses: Record<string, number[]>;
  /** The readings of the held-out share. Missing before the first. */
  heldOut?: { readonly steps: number[]; readonly losses: number[] };
}

/** How the held-out share is measured. */
export interface Validation<Model> {
  /** Steps between two readings. */
  readonly every: number;
  /** Readings without a better one after which the training ends. @defaultValue never */
  readonly patience?: number;
  /** The loss of a model on the held-out share. */
  measure(model: Model): Promise<number>;
}

/** The best held-out reading, the first of equal ones; undefined before the first reading. */
export function bestOf({ heldOut }: History): { step: number; loss: number } | undefined {
  if (!heldOut || heldOut.losses.length === 0) return undefined;
  const loss = heldOut.losses.reduce((a, b) => Math.min(a, b));
  return { step: heldOut.steps[heldOut.losses.indexOf(loss)], loss };
}

/** Adds a held-out reading, and tells whether it is the best so far. */
export function addHeldOut(history: History, step: number, loss: number): boolean {
  history.heldOut ??= { steps: [], losses: [] };
  history.heldOut.steps.push(step);
  history.heldOut.losses.push(loss);
  return bestOf(history)?.step === step;
}

/**
 * Whether the last `patience` held-out readings are none of them better than one before. The reading
 * at the last step of a training that was extended does not count: a training of the full length has
 * none there.
 */
export function isEarly(
  { heldOut }: History,
  validation: Pick<Validation<never>, "every" | "patience"> | undefined,
  logEvery: number,
): boolean {
  const { every = 1, patience } = validation ?? {};
  if (!heldOut || patience === undefined) return false;
  const losses = heldOut.losses.filter((_, i) =>
    isDue(heldOut.steps[i], Infinity, logEvery, every),
  );
  const best = losses.reduce((at, loss, i) => (loss < losses[at] ? i : at), 0);
  return losses.length - 1 - best >= patience;
}

/** Whether the held-out share is measured at a step: at the last, and at a reading of the loss. */
export const isDue = (step: number, steps: number, logEvery: number, every: number): boolean =>
  step === steps ||
  (step % logEvery === 0 && Math.floor(step / every) > Math.floor((step - logEvery) / every));

/** Drops the readings after `step`, and one of the losses at `step` that only Ctrl-C caused. */
export function truncate(history: History, step: number, logEvery: number): void {
  const isKept = (s: number) => s < step || (s === step && s % logEvery === 0);
  const kept = history.steps.filter(isKept).length;
  history.steps.length = kept;
  for (const values of Object.values(history.losses)) values.length = kept;
  const { heldOut } = history;
  if (!heldOut) return;
  heldOut.steps.length = heldOut.steps.filter((s) => s <= step).length;
  heldOut.losses.length = heldOut.steps.length;
}
