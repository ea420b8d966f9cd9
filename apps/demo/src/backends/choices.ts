/** What can be asked for; what then ran is the backend's own name. */
export const choices = {
  "onnx/wasm": "ONNX Runtime · WASM",
  "onnx/webgpu": "ONNX Runtime · WebGPU",
  "tfjs/wasm": "TensorFlow.js · WASM",
  "tfjs/webgl": "TensorFlow.js · WebGL",
  "tfjs/webgpu": "TensorFlow.js · WebGPU",
} as const;

export type Choice = keyof typeof choices;

/** The choices whose device this browser has. */
export async function choicesHere(): Promise<Set<Choice>> {
  const here = new Set<Choice>(["onnx/wasm", "tfjs/wasm"]);
  if (typeof OffscreenCanvas !== "undefined" && new OffscreenCanvas(1, 1).getContext("webgl2")) {
    here.add("tfjs/webgl");
  }
  if (await hasWebGpu()) here.add("onnx/webgpu").add("tfjs/webgpu");
  return here;
}

async function hasWebGpu(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  try {
    return !!(await gpu?.requestAdapter());
  } catch {
    return false;
  }
}
