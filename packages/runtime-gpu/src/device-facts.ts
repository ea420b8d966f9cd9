import { gpuLimits, requestAdapter } from "./onnx/gpu.ts";

/** A GPU as the browser describes it; a field that the browser hides is empty. */
export interface Adapter {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Whether the CPU emulates the GPU: correct and slow. */
  readonly software: boolean;
}

export interface DeviceFacts {
  /** Why the device is not available. */
  readonly reason?: string;
  readonly adapter?: Adapter;
  readonly limits: Record<string, number>;
  readonly features: readonly string[];
}

/** A device with these limits, of which nothing else is known. */
export const deviceWith = (limits: Record<string, number>): DeviceFacts => ({
  limits,
  features: [],
});

const missingDevice = (reason: string): DeviceFacts => ({ reason, ...deviceWith({}) });

const emptyModule = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** What WebAssembly can address, if this page may compile it. */
export function wasmFacts(): DeviceFacts {
  const { WebAssembly } = globalThis as {
    WebAssembly?: Record<"Module" | "Instance", new (source: object) => object>;
  };
  if (!WebAssembly) return missingDevice("WebAssembly is not there");
  try {
    // Chromium and Firefox refuse the module, WebKit only the instance.
    new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(emptyModule)));
    return deviceWith({ maxMemory: 2 ** 32 });
  } catch {
    return missingDevice(
      "this page may not run WebAssembly: allow 'wasm-unsafe-eval' in the script-src of its content security policy",
    );
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
