import * as g from "@gen/graph";
import type { Backend, DeviceTensor } from "../../../src/index.ts";
import { check, fails, same } from "../../conformance/case.ts";
import { openHere } from "./subjects.ts";

const graph = () => g.trace(({ x }) => ({ y: g.add(x, 1) }), { x: { shape: ["batch"] } });

// Large enough that TensorFlow.js does not compute it on the CPU.
const values = Array.from({ length: 4096 }, (_, i) => i / 8);

async function computes(backend: Backend<DeviceTensor>): Promise<void> {
  const program = await backend.compile(graph());
  const x = backend.upload(values, [values.length]);
  const { y } = await program.run({ x });
  const got = await backend.download(y);
  check(
    got.every((v, i) => v === values[i] + 1),
    `${backend.name} computes wrong values`,
  );
  backend.dispose(x, y);
  await program.dispose();
}

// Every device that is requested in this page, so that a test can destroy it.
const devices: GPUDevice[] = [];
if ("GPUAdapter" in globalThis) {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    devices.push(device);
    return device;
  };
}

// Every WebGL context that is requested: in WebKit, TensorFlow.js draws on the page's canvases.
const contexts: WebGL2RenderingContext[] = [];
for (const name of ["OffscreenCanvas", "HTMLCanvasElement"] as const) {
  if (!(name in globalThis)) continue;
  const { prototype } = globalThis[name] as typeof OffscreenCanvas;
  const { getContext } = prototype;
  prototype.getContext = function (this: OffscreenCanvas, ...args: ["webgl2"]) {
    const context = getContext.apply(this, args as never) as unknown;
    if (context instanceof WebGL2RenderingContext) contexts.push(context);
    return context;
  } as typeof getContext;
}

function lose(name: string): void {
  if (name === "tfjs/webgl") contexts.at(-1)?.getExtension("WEBGL_lose_context")?.loseContext();
  else devices.at(-1)?.destroy();
}

/** Destroys the device during a run: errors say so, nothing stays alive, the next backend works. */
export async function survivesLoss(name: string): Promise<void> {
  const backend = await openHere(name);
  await computes(backend);
  const program = await backend.compile(graph());
  const x = backend.upload(values, [values.length]);
  const { y } = await program.run({ x });
  same("live before", backend.memory().live, 2);
  const running = program.run({ x }).then(({ y }) => backend.download(y));
  const reading = backend.download(y);
  lose(name);
  const told = [backend.name, "lost its device", "open a new backend"];
  await fails("a run under way", () => running, ...told);
  // A reading that began before the loss may still succeed.
  await reading.catch((error: Error) =>
    check(error.message.includes("lost its device"), error.message),
  );
  await fails("run", () => program.run({ x }), ...told);
  await fails("download", () => backend.download(y), ...told);
  await fails("upload", () => backend.upload([1], [1]), ...told);
  await fails("compile", () => backend.compile(graph()), ...told);
  same("live", [backend.memory().live, backend.memory().bytes], [0, 0]);
  backend.dispose(x, y);
  await program.dispose();
  await backend.close();
  const next = await openHere(name);
  await computes(next);
  await next.close();
}

/** Runs both libraries on one GPUDevice of either owner; the GPUDevice outlives them. */
export async function sharesGpu(owner: "page" | "tfjs"): Promise<void> {
  let device: GPUDevice | undefined;
  if (owner === "page") {
    const adapter = await navigator.gpu.requestAdapter();
    device = await adapter?.requestDevice();
  }
  const tfjs = await openHere("tfjs/webgpu", device);
  device ??= devices.at(-1);
  const onnx = await openHere("onnx/webgpu", device);
  const again = await openHere("tfjs/webgpu", device);
  same("devices", devices.length, 1);
  for (const backend of [onnx, tfjs, again, onnx]) await computes(backend);
  await onnx.close();
  await computes(tfjs);
  await fails("another", () => openHere("tfjs/webgpu", {}), "already runs on a GPUDevice");
  await tfjs.close();
  device?.pushErrorScope("validation");
  device?.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE }).destroy();
  same("errors of the device", await device?.popErrorScope(), null);
}
