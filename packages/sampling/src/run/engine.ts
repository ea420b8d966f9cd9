import type { FloatArray } from "@gen/math";

/** Where a loop's tensors live and how one step is taken there. Each tensor has one owner. */
export interface Engine<T> {
  upload(values: FloatArray): T;
  /**
   * Takes the step of row `row`. `noise` is given where the row adds noise; `past` holds the x0 of
   * the rows before, the latest first. The caller keeps all three and owns the two results.
   */
  step(x: T, row: number, noise: T | undefined, past: readonly T[]): Promise<{ x: T; x0: T }>;
  download(tensor: T): Promise<FloatArray>;
  /** May be called while the tensor is being read or used, as a backend's. */
  dispose(...tensors: T[]): void;
}
