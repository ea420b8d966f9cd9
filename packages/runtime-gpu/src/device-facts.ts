import { inNode } from "./in-node.ts";
import { gpuLimits, requestAdapter } from "./onnx/gpu.ts";
import { missingProvider, type Provider } from "./onnx/providers.ts";

/** A GPU as the browser or its driver describes it; a field that is hidden is empty. */
export interface Adapter {
  /** The maker, such as "nvidia". */
  readonly vendor: string;
  /** The family, such as "ampere". */
  readonly architecture: string;
  /** The device's own identifier. */
  readonly device: string;
  /** The name for people. */
  readonly description: string;
  /** Whether the CPU emulates the GPU: correct and slow. */
  readonly software: boolean;
}

/** What a device states about itself. */
export interface DeviceFacts {
  /** Why the device is not available. */
  readonly reason?: string;
  /** The GPU; undefined if nothing is stated about it. */
  readonly adapter?: Adapter;
  /** The device's limits by name, bytes and counts. */
  readonly limits: Record<string, number>;
  /** Names of the device's features, such as "shader-f16". */
  readonly features: readonly string[];
  /** What the device does without, by name: what follows from it, and how to get it. */
  readonly lacks?: Readonly<Record<string, string>>;
}

/** A device with these limits, of which nothing else is known. */
export const deviceWith = (limits: Record<string, number>): DeviceFacts => ({
  limits,
  features: [],
});

/** Whether threads of this page may share memory. */
export const isIsolated = (): boolean =>
  (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;

const missingDevice = (reason: string): DeviceFacts => ({ reason, ...deviceWith({}) });

/** A function of one SIMD instruction: `i8x16.popcnt(i8x16.splat(0))`. */
const simdModule = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0],
  ...[10, 10, 1, 8, 0, 0x41, 0, 0xfd, 15, 0xfd, 98, 11],
]);
const emptyModule = simdModule.slice(0, 8);

/** What WebAssembly can address, if this page may compile it. */
export function wasmFacts(): DeviceFacts {
  const { WebAssembly } = globalThis as {
    WebAssembly?: Record<"Module" | "Instance", new (source: object) => object> & {
      validate(bytes: Uint8Array): boolean;
    };
  };
  if (!WebAssembly) return missingDevice("WebAssembly is not there");
  try {
    // Chromium and Firefox refuse the module, WebKit only the instance.
    new WebAssembly.Instance(new WebAssembly.Module(emptyModule));
  } catch {
    return missingDevice(
      "this page may not run WebAssembly: allow 'wasm-unsafe-eval' in the script-src of its content security policy",
    );
  }
  const simd = WebAssembly.validate(simdModule)
    ? {}
    : { lacks: { simd: "this engine has no WebAssembly SIMD: update it" } };
  return { ...deviceWith({ maxMemory: 2 ** 32 }), ...simd };
}

/** WebAssembly as ONNX Runtime needs it, whose builds all use SIMD. */
export function onnxWasmFacts(): DeviceFacts {
  const facts = wasmFacts();
  if (facts.lacks) return missingDevice(facts.lacks.simd);
  if (facts.reason || inNode() || isIsolated()) return facts;
  const threads =
    "this page is not cross-origin isolated, so WebAssembly has one thread: serve it with COOP same-origin and COEP require-corp";
  return { ...facts, lacks: { threads } };
}

/** The invocations of a workgroup of our loops (`@gen/graph/loops`). */
const LOOP_INVOCATIONS = 256;

/** WebGPU as ONNX Runtime needs it, whose own code is WebAssembly. */
export async function onnxWebgpuFacts(): Promise<DeviceFacts> {
  const { reason } = onnxWasmFacts();
  const facts = reason ? missingDevice(reason) : await webgpuFacts();
  if (facts.reason) return facts;
  const { maxComputeInvocationsPerWorkgroup: most } = facts.limits;
  const lacks = {
    ...(!facts.features.includes("subgroups") && {
      subgroups: "ONNX Runtime takes its shaders without subgroups",
    }),
    ...(most < LOOP_INVOCATIONS && {
      loops: withoutLoops(
        `a workgroup here has at most ${most} of ${LOOP_INVOCATIONS} invocations`,
      ),
    }),
  };
  return { ...facts, lacks };
}

const withoutLoops = (reason: string): string =>
  `outputs in place are computed by ONNX Runtime, with copies: ${reason}`;

/** A provider of onnxruntime-node, beside which loops of WebAssembly run. */
export function nodeFacts(provider: Provider): DeviceFacts {
  const reason = missingProvider(provider);
  if (reason) return missingDevice(reason);
  const { reason: loops } = onnxWasmFacts();
  const adapter = provider === "cuda" ? nvidiaAdapter() : undefined;
  return {
    ...deviceWith({}),
    ...(adapter && { adapter, features: ["shader-f16"] }),
    ...(loops && {
      lacks: { loops: withoutLoops(loops) },
    }),
  };
}

/** The first GPU that NVIDIA's driver for Linux lists; undefined if it lists none. */
function nvidiaAdapter(): Adapter | undefined {
  const { readdirSync, readFileSync } = process.getBuiltinModule("node:fs");
  const folder = "/proc/driver/nvidia/gpus";
  try {
    const [first] = readdirSync(folder);
    const text = readFileSync(`${folder}/${first}/information`, "utf8");
    const description = /^Model:\s*(.*)$/m.exec(text)?.[1] ?? "";
    return { vendor: "nvidia", architecture: "", device: "", description, software: false };
  } catch {
    return undefined;
  }
}

/** What the page's WebNN states. */
export async function webnnFacts(): Promise<DeviceFacts> {
  const { reason } = onnxWasmFacts();
  if (reason) return missingDevice(reason);
  // Pages that do not ask about WebNN do not load it.
  const { requestMlContext } = await import("./onnx/ml-context.ts");
  try {
    const context = await requestMlContext();
    const types = context.opSupportLimits().input?.dataTypes ?? [];
    context.destroy?.();
    return { ...deviceWith({}), features: types.includes("float16") ? ["shader-f16"] : [] };
  } catch (error) {
    return missingDevice((error as Error).message);
  }
}

/** What the page's WebGPU adapter states. */
export async function webgpuFacts(): Promise<DeviceFacts> {
  try {
    const { info = {}, limits, features } = await requestAdapter();
    const text = (name: string) => String(info[name] ?? "");
    const [vendor, architecture] = [text("vendor"), text("architecture")];
    const [device, description] = [text("device"), text("description")];
    const software = info.isFallbackAdapter === true || isSoftware(architecture);
    const adapter = { vendor, architecture, device, description, software };
    const known = gpuLimits.map((name) => [name, limits[name]]);
    return { adapter, limits: Object.fromEntries(known), features: [...features] };
  } catch (error) {
    return missingDevice((error as Error).message);
  }
}

interface WebGl {
  readonly VENDOR: number;
  readonly RENDERER: number;
  readonly MAX_TEXTURE_SIZE: number;
  getParameter(name: number): unknown;
  getExtension(name: string): { UNMASKED_RENDERER_WEBGL: number; loseContext(): void } | null;
}
interface Canvas {
  getContext(kind: "webgl2"): WebGl | null;
}
interface Page {
  OffscreenCanvas?: new (width: number, height: number) => Canvas;
  document?: { createElement(name: "canvas"): Canvas };
}

/** What the page's WebGL 2 states. */
export function webglFacts(): DeviceFacts {
  const { OffscreenCanvas, document } = globalThis as Page;
  // WebKitGTK has WebGL 2 only on the page's canvases; a worker has only offscreen canvases.
  const gl =
    (OffscreenCanvas && new OffscreenCanvas(1, 1).getContext("webgl2")) ??
    document?.createElement("canvas").getContext("webgl2");
  if (!gl) return missingDevice("WebGL 2 is not there");
  // TensorFlow.js computes by drawing into float textures.
  if (!["float", "half_float"].some((type) => gl.getExtension(`EXT_color_buffer_${type}`))) {
    return missingDevice("WebGL cannot draw into float textures");
  }
  const debug = gl.getExtension("WEBGL_debug_renderer_info");
  const description = String(gl.getParameter(debug?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
  const vendor = String(gl.getParameter(gl.VENDOR));
  const software = isSoftware(description);
  const adapter = { vendor, architecture: "", device: "", description, software };
  const maxTextureSize = Number(gl.getParameter(gl.MAX_TEXTURE_SIZE));
  // A page may have few contexts, so this one is given back.
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return { adapter, limits: { maxTextureSize }, features: [] };
}

const isSoftware = (name: string): boolean =>
  /swiftshader|llvmpipe|lavapipe|basic render/i.test(name);
