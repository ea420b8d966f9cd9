/*
 * A program that ends in loops of our own on the GPU, such as an optimizer's update of all weights:
 * each is one dispatch that overwrites its inputs' buffers.
 */
import type { Graph } from "@gen/graph";
import { type WgslLoop, wgslLoops } from "@gen/graph/loops";
import type { Executable, InPlace } from "../device.ts";
import { byteLength } from "../ledger.ts";
import { bodyProgram } from "./body-program.ts";
import { emptyBuffer, type GpuBuffer, type GpuDevice, type GpuPipeline } from "./gpu.ts";
import { bufferIn, gpuTensor, type Ort, type OrtTensor } from "./runtime.ts";

/**
 * Compiles `graph` in two parts; undefined where loops have nothing to compute or the GPU refuses
 * them. `compile` makes the program of the body, whose float32 results are buffers.
 */
export async function fusedGpuProgram(
  gpu: GpuDevice,
  graph: Graph,
  inPlace: InPlace,
  {
    ort,
    compile,
    free,
    returns,
  }: {
    readonly ort: Ort;
    compile(body: Graph): Promise<Executable<OrtTensor>>;
    free(tensor: OrtTensor): void;
    /** What takes a tensor back when it is freed. */
    readonly returns: WeakMap<OrtTensor, () => void>;
  },
): Promise<Executable<OrtTensor> | undefined> {
  const split = wgslLoops(graph, inPlace, gpu.limits.maxStorageBuffersPerShaderStage ?? 8);
  if (!split) return undefined;
  const { body, outputs, scratch, loops } = split;
  const pipelines = new Map<string, Promise<GpuPipeline>>();
  for (const { code } of loops) {
    if (pipelines.has(code)) continue;
    const compute = { module: gpu.createShaderModule({ code }), entryPoint: "main" };
    const descriptor = { layout: "auto", compute };
    pipelines.set(code, gpu.createComputePipelineAsync(descriptor));
  }
  const compiled = await Promise.all(
    loops.map(async (loop) => ({
      loop,
      pipeline: (await pipelines.get(loop.code)) as GpuPipeline,
    })),
  ).catch(() => undefined);
  if (!compiled) return undefined;
  const before = await bodyProgram(body, compile);

  const own = new Map<string, GpuBuffer>(
    Object.entries(scratch).map(([name, length]) => [name, emptyBuffer(gpu, 4 * length)]),
  );
  const spare: OrtTensor[] = [];
  let ended = false;

  /** A tensor for an output that is not in place: one that was freed, or a new one. */
  function tensorFor(output: string): OrtTensor {
    const shape = graph.outputs[output].shape as number[];
    const at = spare.findIndex(({ dims }) => dims.join() === shape.join());
    if (at >= 0) return spare.splice(at, 1)[0];
    const buffer = emptyBuffer(gpu, byteLength("float32", shape));
    const tensor = gpuTensor(ort, buffer, "float32", shape);
    returns.set(tensor, () => (ended ? tensor.dispose() : spare.push(tensor)));
    return tensor;
  }

  const dispatch = (buffers: ReadonlyMap<string, GpuBuffer>): void => {
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { loop, pipeline } of compiled) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings(loop, pipeline, buffers));
      pass.dispatchWorkgroups(loop.workgroups);
    }
    pass.end();
    gpu.queue.submit([encoder.finish()]);
  };

  const bindings = (
    loop: WgslLoop,
    pipeline: GpuPipeline,
    buffers: ReadonlyMap<string, GpuBuffer>,
  ) =>
    gpu.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: loop.buffers.map((name, binding) => ({
        binding,
        resource: { buffer: buffers.get(name) as GpuBuffer },
      })),
    });

  return {
    async run(inputs, dims) {
      const results = await before.run(inputs, dims);
      const made = Object.entries(outputs).map(([output, region]) => {
        const tensor = inputs.get(inPlace[output]) ?? tensorFor(output);
        return { output, region, tensor };
      });
      const tensors = [...inputs, ...Object.entries(results)];
      for (const { region, tensor } of made) tensors.push([region, tensor]);
      const onGpu = tensors.filter(([, { location }]) => location === "gpu-buffer");
      dispatch(new Map([...own, ...onGpu.map(([name, t]) => [name, bufferIn(t)] as const)]));
      for (const name of Object.keys(body.outputs)) {
        if (name in graph.outputs) continue;
        free(results[name]);
        delete results[name];
      }
      for (const { output, tensor } of made) results[output] = tensor;
      return results;
    },
    async dispose() {
      ended = true;
      for (const tensor of spare.splice(0)) tensor.dispose();
      for (const buffer of own.values()) buffer.destroy();
      await before.dispose();
    },
  };
}
