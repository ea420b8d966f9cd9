/*
 * A program that ends in loops of our own on the GPU, such as an optimizer's update of all weights:
 * each is one dispatch that overwrites its inputs' buffers.
 */
import type { Graph } from "@gen/graph";
import { type WgslLoop, wgslLoops } from "@gen/graph/loops";
import type { Executable, InPlace } from "../device.ts";
import { bodyProgram } from "./body-program.ts";
import type { GpuDevice, GpuPipeline } from "./gpu.ts";
import { bufferIn, type OrtTensor } from "./runtime.ts";

const MOST_WORKGROUPS = 65_535;

/**
 * Compiles `graph` in two parts; undefined where loops have nothing to compute. `compile` makes the
 * program of the body, whose float32 results are buffers.
 */
export async function fusedGpuProgram(
  gpu: GpuDevice,
  graph: Graph,
  inPlace: InPlace,
  {
    compile,
    free,
  }: {
    compile(body: Graph): Promise<Executable<OrtTensor>>;
    free(tensor: OrtTensor): void;
  },
): Promise<Executable<OrtTensor> | undefined> {
  const split = wgslLoops(graph, inPlace, gpu.limits.maxStorageBuffersPerShaderStage ?? 8);
  if (!split) return undefined;
  const { body, outputs, loops } = split;
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
  );
  const before = await bodyProgram(body, compile);

  function dispatch(tensors: ReadonlyMap<string, OrtTensor>): void {
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { loop, pipeline } of compiled) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings(loop, pipeline, tensors));
      const workgroups = Math.ceil(loop.length / loop.workgroup);
      pass.dispatchWorkgroups(Math.min(workgroups, MOST_WORKGROUPS));
    }
    pass.end();
    gpu.queue.submit([encoder.finish()]);
  }

  const bindings = (
    { buffers }: WgslLoop,
    pipeline: GpuPipeline,
    tensors: ReadonlyMap<string, OrtTensor>,
  ) =>
    gpu.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((name, binding) => ({
        binding,
        resource: { buffer: bufferIn(tensors.get(name) as OrtTensor) },
      })),
    });

  return {
    async run(inputs, dims) {
      const results = await before.run(inputs, dims);
      dispatch(new Map([...inputs, ...Object.entries(results)]));
      for (const name of Object.keys(body.outputs)) {
        if (name in graph.outputs) continue;
        free(results[name]);
        delete results[name];
      }
      for (const output of outputs) results[output] = inputs.get(inPlace[output]) as OrtTensor;
      return results;
    },
    dispose: before.dispose,
  };
}
