import { bytesPerElement, type DType, shapeText } from "@gen/graph";
import type { MemoryUse } from "./backend.ts";
import { BackendError } from "./backend-error.ts";

/** A tensor on a device: only the backend that made it can read, use or free it. */
export interface DeviceTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Bytes that a tensor's elements take. */
export const byteLength = (dtype: DType, shape: readonly number[]): number =>
  shape.reduce((n, d) => n * d, bytesPerElement(dtype));

/** The tensors of one backend that are alive, each with its handle: what the device knows it by. */
export class Ledger<Handle> {
  readonly #live = new Map<DeviceTensor, Handle>();
  #bytes = 0;
  #peakBytes = 0;

  hold(handle: Handle, dtype: DType, shape: readonly number[]): DeviceTensor {
    const made: DeviceTensor = { dtype, shape: [...shape] };
    this.#live.set(made, handle);
    this.#bytes += byteLength(dtype, shape);
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return made;
  }

  /** @throws BackendError when `tensor` is not one of this backend's live tensors. */
  handleOf(tensor: DeviceTensor): Handle {
    const handle = this.#live.get(tensor);
    if (handle !== undefined) return handle;
    throw new BackendError(
      `tensor ${tensor?.dtype} ${shapeText(tensor?.shape ?? [])} was disposed or belongs to another backend`,
    );
  }

  /** Forgets `tensor` and gives its handle back to be freed; undefined where it was freed already. */
  release(tensor: DeviceTensor): Handle | undefined {
    const handle = this.#live.get(tensor);
    if (this.#live.delete(tensor)) this.#bytes -= byteLength(tensor.dtype, tensor.shape);
    return handle;
  }

  tensors(): DeviceTensor[] {
    return [...this.#live.keys()];
  }

  memory(): MemoryUse {
    return { live: this.#live.size, bytes: this.#bytes, peakBytes: this.#peakBytes };
  }
}
