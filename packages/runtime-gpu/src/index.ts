export { type Backend, callProgram, type HostArray, type Program } from "./backend.ts";
export {
  type BackendKind,
  backendKinds,
  backendNames,
  backends,
  bestBackend,
  openBackend,
} from "./backend-kinds.ts";
export { type Capabilities, capabilities } from "./capabilities.ts";
export type { DeviceTensor } from "./ledger.ts";
export { type Obstacle, preflight } from "./preflight.ts";
export { serveBackend } from "./serve-backend.ts";
export { workerBackend } from "./worker-backend.ts";
