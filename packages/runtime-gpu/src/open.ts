export { backendKinds, backendNames } from "./backend-kinds.ts";
export { openBackend } from "./open-backend.ts";
