import { bytesPerElement, type DType, shapeText } from "@gen/graph";
import { GenError } from "@gen/math";
import type { MemoryUse } from "./backend.ts";

/** A tensor on a device: only the backend that made it can read, use or free it. */
export interface DeviceTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Bytes that a tensor's elements take. */
export const byteLength = (dtype: DType, shape: readonly number[]): number =>
  shape.reduce((n, d) => n * d, bytesPerElement(dtype));

/**
 * The tensors of one backend, each with its handle: what the device knows it by. A tensor may be
 * disposed of while it is being read or used. Its handle is freed when no run is under way and no
 * reading of it is; readings may follow each other without a gap.
 */
export class Ledger<Handle> {
  readonly #free: (handle: Handle) => void;
  readonly #live = new Map<DeviceTensor, Handle>();
  readonly #unowned = new Set<Handle>();
  readonly #readings = new Map<Handle, number>();
  #running = 0;
  #bytes = 0;
  #peakBytes = 0;

  constructor(free: (handle: Handle) => void) {
    this.#free = free;
  }

  hold(handle: Handle, dtype: DType, shape: readonly number[]): DeviceTensor {
    const made: DeviceTensor = { dtype, shape: [...shape] };
    this.#live.set(made, handle);
    this.#bytes += byteLength(dtype, shape);
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return made;
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

  /** Forgets tensors, and frees their handles as soon as nothing needs them. */
  dispose(tensors: Iterable<DeviceTensor>): void {
    for (const tensor of tensors) {
      const handle = this.#live.get(tensor);
      if (handle === undefined) continue;
      this.#live.delete(tensor);
      this.#bytes -= byteLength(tensor.dtype, tensor.shape);
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
    this.#countReading(handle, 1);
    try {
      return await work();
    } finally {
      this.#countReading(handle, -1);
      this.#freeUnneeded();
    }
  }

  memory(): MemoryUse {
    return { live: this.#live.size, bytes: this.#bytes, peakBytes: this.#peakBytes };
  }

  #countReading(handle: Handle, by: number): void {
    const left = (this.#readings.get(handle) ?? 0) + by;
    if (left > 0) this.#readings.set(handle, left);
    else this.#readings.delete(handle);
  }

  #freeUnneeded(): void {
    if (this.#running > 0) return;
    for (const handle of this.#unowned) {
      if (this.#readings.has(handle)) continue;
      this.#unowned.delete(handle);
      this.#free(handle);
    }
  }
}
