import type { GpuDevice } from "./gpu.ts";

/** How often a buffer is copied on the device during `work`, by whomever. */
export async function countBufferCopies(
  gpu: GpuDevice,
  work: () => Promise<unknown>,
): Promise<number> {
  let seen = 0;
  const device = gpu as { createCommandEncoder?: GpuDevice["createCommandEncoder"] };
  const make = gpu.createCommandEncoder;
  device.createCommandEncoder = function (this: GpuDevice, ...args) {
    const encoder = make.apply(this, args);
    const copy = encoder.copyBufferToBuffer;
    encoder.copyBufferToBuffer = (...given) => {
      seen++;
      return copy.apply(encoder, given);
    };
    return encoder;
  };
  try {
    await work();
  } finally {
    // The device's own method is its prototype's.
    delete device.createCommandEncoder;
  }
  return seen;
}
