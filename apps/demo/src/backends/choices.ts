import { backendKinds, capabilities } from "@gen/runtime-gpu";

/** The name of a backend of the menu, such as `onnx/wasm`. */
export type Choice = string;

const libraries: Record<string, string> = { onnx: "ONNX Runtime", tfjs: "TensorFlow.js" };
/** In the order of the menu: WASM first, because small networks run fastest on it. */
const devices: Record<string, string> = {
  wasm: "WASM",
  webgl: "WebGL",
  webgpu: "WebGPU",
  webnn: "WebNN",
  cpu: "JavaScript",
};
const deviceOrder = Object.keys(devices);

/** The label of each backend that a page can open. The reference backend `cpu` is left out. */
export const choices: Readonly<Record<Choice, string>> = Object.fromEntries(
  backendKinds
    .filter(({ name, runsIn }) => runsIn !== "node" && name !== "cpu")
    .map(({ name }) => {
      const [library, device] = name.split("/");
      return { name, library, device };
    })
    .sort(
      (a, b) =>
        a.library.localeCompare(b.library) ||
        deviceOrder.indexOf(a.device) - deviceOrder.indexOf(b.device),
    )
    .map(({ name, library, device }) => [
      name,
      `${libraries[library] ?? library} · ${devices[device] ?? device}`,
    ]),
);

/** The choices whose device this browser has and this page may use. */
export async function availableChoices(): Promise<Set<Choice>> {
  const names = Object.keys(choices);
  const found = await Promise.all(names.map((name) => capabilities(name)));
  return new Set(names.filter((_, i) => found[i].available));
}
