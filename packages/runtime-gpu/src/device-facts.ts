import { gpuLimits, requestAdapter } from "./onnx/gpu.ts";

/** A GPU as the browser describes it; empty where it keeps a field to itself. */
export interface Adapter {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Whether the CPU plays the GPU: correct and slow. */
  readonly software: boolean;
}

export interface DeviceFacts {
  readonly reason?: string;
  readonly adapter?: Adapter;
  readonly limits: Record<string, number>;
  readonly features: readonly string[];
}

/** A device of which only limits are known. */
export const deviceWith = (limits: Record<string, number>): DeviceFacts => ({
  limits,
  features: [],
});

const emptyModule = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const wasmMemory = 4 * 2 ** 30;

/** What WebAssembly can address, where this page may compile it. */
export function wasmFacts(): DeviceFacts {
  const { WebAssembly } = globalThis as {
    WebAssembly?: {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object) => object;
    };
  };
  if (!WebAssembly) return { reason: "WebAssembly is not there", limits: {}, features: [] };
  try {
    // Chromium and Firefox refuse the module, WebKit only the instance.
    new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(emptyModule)));
    return deviceWith({ maxMemory: wasmMemory });
  } catch {
    const reason =
      "this page may not run WebAssembly: allow 'wasm-unsafe-eval' in the script-src of its content security policy";
    return { reason, limits: {}, features: [] };
  }
}

/** What the page's WebGPU adapter says of itself. */
export async function webgpuFacts(): Promise<DeviceFacts> {
  try {
    const { info = {}, limits, features } = await requestAdapter();
    const text = (name: string) => String(info[name] ?? "");
    const adapter = {
      vendor: text("vendor"),
      architecture: text("architecture"),
      device: text("device"),
      description: text("description"),
      software: info.isFallbackAdapter === true || isSoftware(text("architecture")),
    };
    const known = gpuLimits.map((name) => [name, limits[name]]);
    return { adapter, limits: Object.fromEntries(known), features: [...features] };
  } catch (error) {
    return { reason: (error as Error).message, limits: {}, features: [] };
  }
}

interface WebGl {
  readonly VENDOR: number;
  readonly RENDERER: number;
  readonly MAX_TEXTURE_SIZE: number;
  getParameter(name: number): unknown;
  getExtension(name: "WEBGL_debug_renderer_info"): { UNMASKED_RENDERER_WEBGL: number } | null;
  getExtension(name: "WEBGL_lose_context"): { loseContext(): void } | null;
  getExtension(name: "EXT_color_buffer_float" | "EXT_color_buffer_half_float"): object | null;
}
interface Canvas {
  getContext(kind: "webgl2"): WebGl | null;
}
interface Page {
  OffscreenCanvas?: new (width: number, height: number) => Canvas;
  document?: { createElement(name: "canvas"): Canvas };
}

/** What the page's WebGL 2 says of itself. */
export function webglFacts(): DeviceFacts {
  const { OffscreenCanvas, document } = globalThis as Page;
  // WebKitGTK has WebGL 2 on the page's canvases alone; a worker has no others than these.
  const gl =
    (OffscreenCanvas && new OffscreenCanvas(1, 1).getContext("webgl2")) ??
    document?.createElement("canvas").getContext("webgl2");
  if (!gl) return { reason: "WebGL 2 is not there", limits: {}, features: [] };
  // TensorFlow.js computes by drawing into such textures.
  if (
    !gl.getExtension("EXT_color_buffer_float") &&
    !gl.getExtension("EXT_color_buffer_half_float")
  ) {
    return { reason: "WebGL cannot draw into float textures", limits: {}, features: [] };
  }
  const debug = gl.getExtension("WEBGL_debug_renderer_info");
  const description = String(gl.getParameter(debug?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
  const adapter = {
    vendor: String(gl.getParameter(gl.VENDOR)),
    architecture: "",
    device: "",
    description,
    software: isSoftware(description),
  };
  const maxTextureSize = Number(gl.getParameter(gl.MAX_TEXTURE_SIZE));
  // A page may have few contexts; this one has served.
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return { adapter, limits: { maxTextureSize }, features: [] };
}

const isSoftware = (name: string): boolean =>
  /swiftshader|llvmpipe|lavapipe|basic render/i.test(name);
