import { type Backend, openBackend as open, backendNames as specific } from "@gen/runtime-gpu";

/** The backends that may be had in Node, each by the name that it calls itself. */
export const specificBackends: readonly string[] = /* @__PURE__ */ specific();

/** The names that `--backend` takes; `onnx` and `tfjs` stand for the best of theirs. */
export const backendNames: readonly string[] = /* @__PURE__ */ [
  "onnx",
  "tfjs",
  ...specificBackends,
];

/** Opens a backend by name. @throws GenError `backend-unavailable` where it is not there, with the command that installs it. */
export const openBackend = (name: string): Promise<Backend> => open(name);
