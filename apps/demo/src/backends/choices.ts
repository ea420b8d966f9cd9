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

/** A backend that this page may use. */
export interface Available {
  /** Whether its GPU is a program on the CPU, which is slow. */
  readonly software: boolean;
}

/** The choices whose device this browser has and this page may use. */
export async function availableChoices(): Promise<Map<Choice, Available>> {
  const names = Object.keys(choices);
  const found = await Promise.all(names.map((name) => capabilities(name)));
  return new Map(
    names.flatMap((name, i) => {
      const { available, adapter } = found[i];
      return available ? [[name, { software: adapter?.software === true }] as const] : [];
    }),
  );
}

/** The choice to start with: the wanted one, or the first that is not a GPU in software. */
export function defaultChoice(available: ReadonlyMap<Choice, Available>, wanted: Choice): Choice {
  if (available.size === 0 || available.has(wanted)) return wanted;
  const all = [...available];
  return (all.find(([, { software }]) => !software) ?? all[0])[0];
}
