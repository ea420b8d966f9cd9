import type { Expr, Graph } from "@gen/graph";
import { unsupported } from "../errors.ts";
import { byteLength } from "../ledger.ts";
import { countBufferCopies } from "./count-buffer-copies.ts";
import { emptyBuffer, type GpuBuffer, type GpuDevice } from "./gpu.ts";
import type { Ort, OrtTensor, SessionOptions } from "./runtime.ts";
import { type GraphSession, graphSession } from "./session.ts";

/**
 * A session whose GPU commands ONNX Runtime records once and replays in every run, without looking at the
 * graph again. They name buffers, so inputs are copied into ones that stay, and each run's outputs out of
 * those that the runtime keeps. Every shape of `graph` must hold numbers above 0 alone; its int32 inputs may be
 * given as int64 in host memory.
 * @throws Error where the runtime would compute a part of it on the CPU; GenError `unsupported-graph` where it copies buffers.
 */
export async function capturedSession(
  ort: Ort,
  gpu: GpuDevice,
  graph: Graph,
  options: SessionOptions,
): Promise<GraphSession> {
  const capturing = { ...options, enableGraphCapture: true };
  const session = await graphSession(ort, graph, capturing, () => "gpu-buffer");
  const held = graph.inputs.map((each) => ({ name: each.name, ...tensorFor(ort, gpu, each) }));
  const feeds = new Map(held.map(({ name, tensor }) => [name, tensor]));

  const takeIn = (inputs: ReadonlyMap<string, OrtTensor>): void => {
    const encoder = gpu.createCommandEncoder();
    for (const { name, buffer, length } of held) {
      const given = inputs.get(name) as OrtTensor;
      if (given.location === "cpu") {
        gpu.queue.writeBuffer(buffer, 0, Int32Array.from(given.data as BigInt64Array, Number));
      } else {
        encoder.copyBufferToBuffer(bufferIn(given), 0, buffer, 0, length);
      }
    }
    gpu.queue.submit([encoder.finish()]);
  };

  const takeOut = (results: Record<string, OrtTensor>): Record<string, OrtTensor> => {
    const encoder = gpu.createCommandEncoder();
    const copies = Object.entries(graph.outputs).map(([name, e]) => {
      const { tensor, buffer, length } = tensorFor(ort, gpu, e);
      encoder.copyBufferToBuffer(bufferIn(results[name]), 0, buffer, 0, length);
      return [name, tensor] as const;
    });
    gpu.queue.submit([encoder.finish()]);
    return Object.fromEntries(copies);
  };

  const release = async (): Promise<void> => {
    await session.release();
    for (const { buffer } of held) buffer.destroy();
  };

  try {
    await record();
  } catch (error) {
    await release();
    throw error;
  }

  /** The first run, on zeros. Its dispatches alone are recorded: what else it does is done this once. */
  async function record(): Promise<void> {
    const copies = await countBufferCopies(gpu, async () => {
      for (const each of Object.values(await session.run(feeds))) each.dispose();
    });
    if (copies === 0) return;
    throw unsupported("ONNX Runtime copies a tensor in it, and does not record copies");
  }

  return {
    async run(inputs) {
      takeIn(inputs);
      const results = await session.run(feeds);
      const copies = takeOut(results);
      // The runtime keeps the buffers themselves.
      for (const each of Object.values(results)) each.dispose();
      return copies;
    },
    release,
  };
}

const bufferIn = (tensor: OrtTensor): GpuBuffer => tensor.gpuBuffer as unknown as GpuBuffer;

/** A fresh tensor for `e`, with its buffer and the bytes to copy, in whole 4-byte words as copies must be. */
function tensorFor(ort: Ort, gpu: GpuDevice, { dtype, shape }: Expr) {
  const dims = shape as readonly number[];
  const bytes = byteLength(dtype, dims);
  const buffer = emptyBuffer(gpu, bytes);
  const tensor = ort.Tensor.fromGpuBuffer(buffer as never, {
    dataType: dtype as "float32",
    dims,
    dispose: () => buffer.destroy(),
  });
  return { tensor, buffer, length: Math.ceil(bytes / 4) * 4 };
}
