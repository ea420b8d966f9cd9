import { bytesPerElement, type DType, shapeText } from "@gen/graph";
import { GenError } from "@gen/math";
import type { MemoryUse } from "./backend.ts";

/** A tensor on a device. Only the backend that made it can read, use or free it. */
export interface DeviceTensor {
  /** The type of the elements. */
  readonly dtype: DType;
  /** The tensor's shape. */
  readonly shape: readonly number[];
}

/** Bytes of a tensor's elements. */
export const byteLength = (dtype: DType, shape: readonly number[]): number =>
  shape.reduce((n, d) => n * d, bytesPerElement(dtype));

/**
 * The tensors of one backend, each with its handle on the device. A tensor may be disposed of while
 * it is being read or used. Its handle is freed when no run is under way and nothing reads it.
 */
export class Ledger<Handle> {
  readonly #free: (handle: Handle) => void;
  readonly #live = new Map<DeviceTensor, Handle>();
  readonly #unowned = new Set<Handle>();
  /** Each handle as many times as it is being read. */
  readonly #readings: Handle[] = [];
  #running = 0;
  #bytes = 0;
  #peakBytes = 0;

  constructor(free: (handle: Handle) => void) {
    this.#free = free;
  }

  hold(handle: Handle, dtype: DType, shape: readonly number[]): DeviceTensor {
    const tensor: DeviceTensor = { dtype, shape: [...shape] };
    this.#live.set(tensor, handle);
    this.#bytes += byteLength(dtype, shape);
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return tensor;
  }

  /** @throws GenError `disposed` when `tensor` is not one of this backend's live tensors. */
  handleOf(tensor: DeviceTensor): Handle {
    const handle = this.#live.get(tensor);
    if (handle !== undefined) return handle;
    throw new GenError(
      "disposed",
      `tensor ${tensor?.dtype} ${shapeText(tensor?.shape ?? [])} was disposed or belongs to another backend`,
    );
  }

  /**
   * Takes tensors over from the caller, who cannot use them any more. Gives their handles.
   * @throws GenError `disposed` when a tensor is not alive. Nothing is taken then.
   */
  take(tensors: readonly DeviceTensor[]): Handle[] {
    const handles = tensors.map((tensor) => this.handleOf(tensor));
    for (const tensor of tensors) this.#forget(tensor);
    return handles;
  }

  /** Gives tensors that were taken back to the caller. */
  giveBack(tensors: readonly DeviceTensor[], handles: readonly Handle[]): void {
    for (const [i, tensor] of tensors.entries()) {
      this.#live.set(tensor, handles[i]);
      this.#bytes += byteLength(tensor.dtype, tensor.shape);
    }
  }

  /** Frees handles as soon as nothing needs them. */
  free(handles: readonly Handle[]): void {
    for (const handle of handles) this.#unowned.add(handle);
    this.#freeUnneeded();
  }

  /** Forgets tensors, and frees their handles as soon as nothing needs them. */
  dispose(tensors: Iterable<DeviceTensor>): void {
    for (const tensor of tensors) {
      const handle = this.#live.get(tensor);
      if (handle === undefined) continue;
      this.#forget(tensor);
      this.#unowned.add(handle);
    }
    this.#freeUnneeded();
  }

  disposeAll(): void {
    this.dispose([...this.#live.keys()]);
  }

  async whileRunning<R>(work: () => Promise<R>): Promise<R> {
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#freeUnneeded();
    }
  }

  async whileReading<R>(handle: Handle, work: () => Promise<R>): Promise<R> {
    this.#readings.push(handle);
    try {
      return await work();
    } finally {
      this.#readings.splice(this.#readings.indexOf(handle), 1);
      this.#freeUnneeded();
    }
  }

  memory(): MemoryUse {
    return { live: this.#live.size, bytes: this.#bytes, peakBytes: this.#peakBytes };
  }

  #forget(tensor: DeviceTensor): void {
    this.#live.delete(tensor);
    this.#bytes -= byteLength(tensor.dtype, tensor.shape);
  }

  #freeUnneeded(): void {
    if (this.#running > 0) return;
    for (const handle of this.#unowned) {
      if (this.#readings.includes(handle)) continue;
      this.#unowned.delete(handle);
      this.#free(handle);
    }
  }
}
