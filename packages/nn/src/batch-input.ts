import type { DType } from "@gen/graph";
import type { HostArray } from "@gen/runtime-gpu";

/** One input of a batch. */
export interface BatchInput {
  readonly data: HostArray;
  readonly shape: readonly number[];
  /** @defaultValue the input's own in the signature */
  readonly dtype?: DType;
}
