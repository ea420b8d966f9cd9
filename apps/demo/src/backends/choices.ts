/** What can be asked for, the default first; what then ran is the backend's own name. */
export const choices = {
  "onnx/wasm": "ONNX Runtime · WASM",
  "onnx/webgpu": "ONNX Runtime · WebGPU",
  "tfjs/wasm": "TensorFlow.js · WASM",
  "tfjs/webgl": "TensorFlow.js · WebGL",
  "tfjs/webgpu": "TensorFlow.js · WebGPU",
  "tfjs/cpu": "TensorFlow.js · JavaScript",
} as const;

export type Choice = keyof typeof choices;

/** The choices whose device this browser has and this page may use. */
export async function choicesHere(): Promise<Set<Choice>> {
  const { capabilities } = await import("@gen/runtime-gpu");
  const names = Object.keys(choices) as Choice[];
  const found = await Promise.all(names.map((name) => capabilities(name)));
  return new Set(names.filter((_, i) => found[i].available));
}
