export type { Backend, HostArray, MemoryUse, Program } from "./backend.ts";
export { BackendError } from "./backend-error.ts";
export type { DeviceTensor } from "./ledger.ts";
export {
  type BackendStatus,
  type BestBackendOptions,
  backendNames,
  backends,
  bestBackend,
  type OpenOptions,
  openBackend,
} from "./open-backend.ts";
