export type { Backend, HostArray, MemoryUse, Program } from "./backend.ts";
export { type BackendKind, backendKinds, type Holding, type OpenOptions } from "./backend-kinds.ts";
export { callProgram, type HostInput } from "./call-program.ts";
export { type Capabilities, capabilities } from "./capabilities.ts";
export type { Adapter, DeviceFacts } from "./device-facts.ts";
export type { DeviceTensor } from "./ledger.ts";
export {
  type BackendStatus,
  type BestBackendOptions,
  backendNames,
  backends,
  bestBackend,
  openBackend,
} from "./open-backend.ts";
export { type Obstacle, type Preflight, type PreflightOptions, preflight } from "./preflight.ts";
export { type Port, serveBackend } from "./serve-backend.ts";
export { workerBackend } from "./worker-backend.ts";
