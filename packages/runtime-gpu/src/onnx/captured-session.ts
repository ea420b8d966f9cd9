import type { Expr, Graph } from "@gen/graph";
import type { Executable } from "../device.ts";
import { unsupported } from "../errors.ts";
import { byteLength } from "../ledger.ts";
import { type BufferCopy, copyBuffers, emptyBuffer, type GpuDevice } from "./gpu.ts";
import { bufferIn, gpuTensor, type Ort, type OrtTensor, type SessionOptions } from "./runtime.ts";
import { graphSession } from "./session.ts";

/**
 * A session whose GPU commands ONNX Runtime records once and replays in every run, without a walk
 * over the graph. The commands name buffers, so inputs are copied into buffers that stay, and each
 * run's outputs out of the buffers that the runtime keeps. Every shape of `graph` must hold only
 * numbers above 0; its int32 inputs may be given as int64 in host memory.
 * @throws Error when the runtime would compute a part of it on the CPU; GenError
 * `unsupported-graph` when the runtime copies buffers.
 */
export async function capturedSession(
  ort: Ort,
  gpu: GpuDevice,
  graph: Graph,
  options: SessionOptions,
): Promise<Executable<OrtTensor>> {
  const capturing = { ...options, enableGraphCapture: true };
  const session = await graphSession(ort, graph, capturing, () => "gpu-buffer");
  const held = graph.inputs.map((e) => ({ name: e.name, ...emptyTensor(ort, gpu, e) }));
  const feeds = new Map(held.map(({ name, tensor }) => [name, tensor]));

  const dispose = async (): Promise<void> => {
    await session.dispose();
    for (const { buffer } of held) buffer.destroy();
  };

  try {
    // The first run, on zeros. Only its dispatches are recorded, nothing else that it does.
    const copies = await countBufferCopies(gpu, async () => {
      for (const each of Object.values(await session.run(feeds, {}))) each.dispose();
    });
    if (copies > 0) {
      throw unsupported("ONNX Runtime copies a tensor in it, and does not record copies");
    }
  } catch (error) {
    await dispose();
    throw error;
  }

  return {
    async run(inputs) {
      const copies: BufferCopy[] = [];
      for (const { name, buffer, length } of held) {
        const given = inputs.get(name) as OrtTensor;
        if (given.location === "cpu") {
          gpu.queue.writeBuffer(buffer, 0, Int32Array.from(given.data as BigInt64Array, Number));
        } else copies.push({ from: bufferIn(given), to: buffer, length });
      }
      copyBuffers(gpu, copies);
      const results = await session.run(feeds, {});
      const outputs = Object.entries(graph.outputs).map(([name, e]) => {
        const { tensor, buffer, length } = emptyTensor(ort, gpu, e);
        return { name, tensor, from: bufferIn(results[name]), to: buffer, length };
      });
      copyBuffers(gpu, outputs);
      // The runtime keeps the buffers themselves.
      for (const each of Object.values(results)) each.dispose();
      return Object.fromEntries(outputs.map(({ name, tensor }) => [name, tensor]));
    },
    dispose,
  };
}

/** A new tensor for `e`, its buffer, and the bytes to copy: whole words of 4 bytes. */
function emptyTensor(ort: Ort, gpu: GpuDevice, { dtype, shape }: Expr) {
  const dims = shape as readonly number[];
  const bytes = byteLength(dtype, dims);
  const buffer = emptyBuffer(gpu, bytes);
  return { tensor: gpuTensor(ort, buffer, dtype, dims), buffer, length: Math.ceil(bytes / 4) * 4 };
}

/** How many times anyone copies a buffer on the device during `work`. */
async function countBufferCopies(gpu: GpuDevice, work: () => Promise<void>): Promise<number> {
  let count = 0;
  const device = gpu as { createCommandEncoder?: GpuDevice["createCommandEncoder"] };
  const { createCommandEncoder } = gpu;
  device.createCommandEncoder = function (this: GpuDevice, ...args) {
    const encoder = createCommandEncoder.apply(this, args);
    const copy = encoder.copyBufferToBuffer;
    encoder.copyBufferToBuffer = (...given) => {
      count++;
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
  return count;
}
