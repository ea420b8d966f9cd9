import { gpuTraffic } from "../../../../../tooling/browser/gpu-traffic.ts";
import { same } from "../../conformance/case.ts";
import { expected, type LoopSize, peakOf, sampleOnce } from "../../step-loop.ts";
import { openHere } from "./subjects.ts";

/** What crosses between host and device in each step of a sample, once warm. */
export async function transfersPerStep(name: string, loop: LoopSize) {
  const backend = await openHere(name);
  const marks: (typeof gpuTraffic)[] = [];
  const value = await sampleOnce(backend, loop, () => marks.push({ ...gpuTraffic }));
  await backend.close();
  const [from, to] = [marks[3], marks[marks.length - 1]];
  const per = (key: keyof typeof gpuTraffic) => (to[key] - from[key]) / (marks.length - 4);
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
    buffers.push(gpuTraffic.buffers);
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
    buffers.push(gpuTraffic.buffers);
  }
  return buffers;
}
