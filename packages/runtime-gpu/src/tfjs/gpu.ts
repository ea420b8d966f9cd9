import { GenError } from "@gen/math";
import type * as tfjs from "@tensorflow/tfjs";
import { unavailable } from "../errors.ts";
import { lossOf as deviceLoss, type GpuDevice } from "../onnx/gpu.ts";
import type { Tf } from "./kernel.ts";

/** The part of TensorFlow.js's backends that can be lost. */
interface Losable {
  readonly device?: GpuDevice;
  readonly gpgpu?: { readonly gl: { readonly canvas: EventTarget; isContextLost(): boolean } };
}

/** Settles with the reason when the device of `kernels` is lost; undefined if it cannot be. */
export function lossOf(kernels: object): Promise<string> | undefined {
  const { device, gpgpu } = kernels as Losable;
  if (device) return deviceLoss(device);
  if (!gpgpu) return undefined;
  return new Promise((resolve) => {
    const lost = () => resolve("the WebGL context was lost");
    gpgpu.gl.canvas.addEventListener("webglcontextlost", lost, { once: true });
  });
}

/** @throws GenError `device-lost` when a WebGL context is lost: reading from it gives zeros. */
export function refuseZeros(kernels: object): void {
  if ((kernels as Losable).gpgpu?.gl.isContextLost()) {
    throw new GenError("device-lost", "tfjs/webgl lost its device");
  }
}

/** Makes TensorFlow.js start `device` again at its next use. */
export function forget(tf: Tf, device: string): void {
  const factory = tf.findBackendFactory(device);
  tf.removeBackend(device);
  tf.registerBackend(device, factory);
}

/**
 * Makes TensorFlow.js run on `gpu`.
 * @throws GenError `backend-unavailable` when it already runs on another device.
 */
export function shareGpu(tf: Tf, gpu: object, Kernels: new (gpu: never, info: never) => object) {
  // `findBackend` would start it.
  const running = tf.engine().registry.webgpu as Losable | undefined;
  if (running?.device === gpu) return;
  if (running) {
    throw unavailable(
      "tfjs/webgpu already runs on a GPUDevice of its own; share that device, or share before it starts",
    );
  }
  const { adapterInfo } = gpu as { adapterInfo?: object };
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  const start = () => new Kernels(gpu as never, adapterInfo as never);
  tf.registerBackend("webgpu", start as () => tfjs.KernelBackend);
}
