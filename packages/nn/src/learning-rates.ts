/** A learning rate over a training of so many steps. */
export interface DecayOptions {
  /** The largest rate. */
  readonly peak: number;
  /** Steps in all. */
  readonly steps: number;
  /** Steps in which the rate rises in a line from `peak / warmUp`. @defaultValue 0 */
  readonly warmUp?: number;
  /** The rate that the last step comes close to. @defaultValue 0 */
  readonly floor?: number;
}

const decay =
  (shape: (progress: number) => number, { peak, steps, warmUp = 0, floor = 0 }: DecayOptions) =>
  (step: number): number => {
    if (step < warmUp) return (peak * (step + 1)) / warmUp;
    const progress = Math.min(1, (step - warmUp) / Math.max(1, steps - warmUp));
    return floor + (peak - floor) * shape(progress);
  };

/** A schedule that falls in a line: `floor + (peak - floor) (1 - step / steps)`. */
export const linearDecay = (options: DecayOptions): ((step: number) => number) =>
  decay((progress) => 1 - progress, options);

/**
 * A schedule that falls as half a cosine: `floor + (peak - floor) (1 + cos(pi step / steps)) / 2`
 * (Loshchilov and Hutter 2017, eq. 5, without restarts).
 */
export const cosineDecay = (options: DecayOptions): ((step: number) => number) =>
  decay((progress) => (1 + Math.cos(Math.PI * progress)) / 2, options);
