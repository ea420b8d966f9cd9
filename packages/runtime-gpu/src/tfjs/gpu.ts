import { GenError } from "@gen/math";
import type * as tfjs from "@tensorflow/tfjs";
import { loadPeer, unavailable } from "../errors.ts";
import { lossOf as deviceLoss, type GpuDevice } from "../onnx/gpu.ts";
import type { Tf } from "./kernel.ts";

/** What TensorFlow.js's backends hold that can be lost. */
interface Losable {
  readonly device?: GpuDevice;
  readonly gpgpu?: { readonly gl: { readonly canvas: Canvas; isContextLost(): boolean } };
}
interface Canvas {
  addEventListener(type: string, listener: () => void, options: { once: boolean }): void;
}

/** Settles with the reason when the GPU device or WebGL context of `kernels` is gone; undefined where it has none. */
export function lossOf(kernels: unknown): Promise<string> | undefined {
  const { device, gpgpu } = kernels as Losable;
  if (device) return deviceLoss(device);
  if (!gpgpu) return undefined;
  return new Promise((resolve) => {
    const lost = () => resolve("the WebGL context was lost");
    gpgpu.gl.canvas.addEventListener("webglcontextlost", lost, { once: true });
  });
}

/** @throws GenError `device-lost` where a WebGL context is lost: what is read from it is zeros then, and no error. */
export function refuseZeros(kernels: unknown): void {
  if ((kernels as Losable).gpgpu?.gl.isContextLost()) {
    throw new GenError("device-lost", "tfjs/webgl lost its device");
  }
}

/** Has TensorFlow.js start `device` anew when it is next asked for. */
export function forget(tf: Tf, device: string): void {
  const factory = tf.findBackendFactory(device);
  tf.removeBackend(device);
  tf.registerBackend(device, factory);
}

/** Has TensorFlow.js run on `gpu`. @throws GenError `backend-unavailable` when it already runs on another device. */
export async function shareGpu(tf: Tf, gpu: object): Promise<void> {
  // To look for it by `findBackend` would start it.
  const running = tf.engine().registry.webgpu as Losable | undefined;
  if (running?.device === gpu) return;
  if (running) {
    throw unavailable(
      "tfjs/webgpu already runs on a GPUDevice of its own; give that one to the others, or share before it starts",
    );
  }
  const name = "@tensorflow/tfjs-backend-webgpu";
  const { WebGPUBackend } = await loadPeer(name, () => import("@tensorflow/tfjs-backend-webgpu"));
  const { adapterInfo } = gpu as { adapterInfo?: object };
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  const make = () => new WebGPUBackend(gpu as never, adapterInfo as never) as unknown;
  tf.registerBackend("webgpu", () => make() as tfjs.KernelBackend);
}
