export type { Backend, HostArray, Program } from "./backend.ts";
export { type BackendKind, backendKinds } from "./backend-kinds.ts";
export { type Capabilities, capabilities } from "./capabilities.ts";
export type { DeviceTensor } from "./ledger.ts";
export { backendNames, backends, bestBackend, openBackend } from "./open-backend.ts";
export { type Obstacle, preflight } from "./preflight.ts";
export { serveBackend } from "./serve-backend.ts";
export { workerBackend } from "./worker-backend.ts";
