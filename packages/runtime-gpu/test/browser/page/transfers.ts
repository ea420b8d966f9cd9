import { same } from "../../conformance/case.ts";
import { expected, type LoopSize, peakOf, sampleOnce } from "../../step-loop.ts";
import { openHere } from "./subjects.ts";

const traffic = { uploads: 0, uploadedBytes: 0, readBacks: 0, buffers: 0 };

const { createBuffer } = GPUDevice.prototype;
GPUDevice.prototype.createBuffer = function (descriptor) {
  if (descriptor.mappedAtCreation) {
    traffic.uploads++;
    traffic.uploadedBytes += descriptor.size;
  }
  traffic.buffers++;
  return createBuffer.call(this, descriptor);
};
const { writeBuffer } = GPUQueue.prototype;
GPUQueue.prototype.writeBuffer = function (
  this: GPUQueue,
  ...args: Parameters<typeof writeBuffer>
) {
  traffic.uploads++;
  traffic.uploadedBytes += args[4] ?? (args[2] as ArrayBuffer).byteLength;
  return writeBuffer.apply(this, args);
} as typeof writeBuffer;
const { mapAsync, destroy } = GPUBuffer.prototype;
GPUBuffer.prototype.mapAsync = function (...args) {
  traffic.readBacks++;
  return mapAsync.apply(this, args);
};
const destroyed = new WeakSet<GPUBuffer>();
GPUBuffer.prototype.destroy = function () {
  if (!destroyed.has(this)) traffic.buffers--;
  destroyed.add(this);
  return destroy.call(this);
};

/** What crosses between host and device in each step of a sample, once warm. */
export async function transfersPerStep(name: string, loop: LoopSize) {
  const backend = await openHere(name);
  const marks: (typeof traffic)[] = [];
  const value = await sampleOnce(backend, loop, () => marks.push({ ...traffic }));
  await backend.close();
  const [from, to] = [marks[3], marks[marks.length - 1]];
  const per = (key: keyof typeof traffic) => (to[key] - from[key]) / (marks.length - 4);
  return {
    error: Math.abs(value - expected(loop)),
    uploads: per("uploads"),
    uploadedBytes: per("uploadedBytes"),
    readBacks: per("readBacks"),
    mostBuffers: Math.max(...marks.map((m) => m.buffers)),
  };
}

/** Samples in a row on one backend: buffers that exist after the first few and at the end. */
export async function samplesInARow(name: string, count: number, loop: LoopSize) {
  const backend = await openHere(name);
  const buffers: number[] = [];
  for (let i = 0; i < count; i++) {
    await sampleOnce(backend, loop);
    same("memory", backend.memory(), { live: 0, bytes: 0, peakBytes: peakOf(loop) });
    buffers.push(traffic.buffers);
  }
  await backend.close();
  return buffers;
}

/** Backends made and closed: buffers that exist after each. */
export async function createAndClose(name: string, count: number, loop: LoopSize) {
  const buffers: number[] = [];
  for (let i = 0; i < count; i++) {
    const backend = await openHere(name);
    await sampleOnce(backend, loop);
    await backend.close();
    same("live", backend.memory().live, 0);
    buffers.push(traffic.buffers);
  }
  return buffers;
}
