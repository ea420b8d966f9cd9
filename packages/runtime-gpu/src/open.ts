export { backendKinds, backendNames, openBackend } from "./backend-kinds.ts";
