export type { Backend, CompileOptions, HostArray, Program } from "./backend.ts";
export { type BackendKind, backendKinds, backendNames } from "./backend-kinds.ts";
export { callProgram } from "./call-program.ts";
export { type Capabilities, capabilities } from "./capabilities.ts";
export type { DeviceTensor } from "./ledger.ts";
export { backends, bestBackend, openBackend } from "./open-backend.ts";
export { type Obstacle, preflight } from "./preflight.ts";
export { serveBackend } from "./remote/serve-backend.ts";
export { workerBackend } from "./remote/worker-backend.ts";
