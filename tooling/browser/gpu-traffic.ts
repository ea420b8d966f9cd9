/** Counts of this page's WebGPU calls. They stay 0 in an engine without WebGPU. */
export const gpuTraffic = {
  uploads: 0,
  uploadedBytes: 0,
  readBacks: 0,
  /** Number of buffers that are not destroyed. */
  buffers: 0,
};

let gate: Promise<unknown> = Promise.resolve();

/** From now on, reading a buffer waits for `promise`. */
export function holdReadBacks(promise: Promise<unknown>): void {
  gate = promise;
}

if ("GPUDevice" in globalThis) watch();

function watch(): void {
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (descriptor.mappedAtCreation) {
      gpuTraffic.uploads++;
      gpuTraffic.uploadedBytes += descriptor.size;
    }
    gpuTraffic.buffers++;
    return createBuffer.call(this, descriptor);
  };
  const { writeBuffer } = GPUQueue.prototype;
  GPUQueue.prototype.writeBuffer = function (
    this: GPUQueue,
    ...args: Parameters<typeof writeBuffer>
  ) {
    gpuTraffic.uploads++;
    gpuTraffic.uploadedBytes += args[4] ?? (args[2] as ArrayBuffer).byteLength;
    return writeBuffer.apply(this, args);
  } as typeof writeBuffer;
  const { mapAsync, destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.mapAsync = async function (...args) {
    gpuTraffic.readBacks++;
    const mapped = await mapAsync.apply(this, args);
    await gate;
    return mapped;
  };
  const destroyed = new WeakSet<GPUBuffer>();
  GPUBuffer.prototype.destroy = function () {
    if (!destroyed.has(this)) gpuTraffic.buffers--;
    destroyed.add(this);
    return destroy.call(this);
  };
}
