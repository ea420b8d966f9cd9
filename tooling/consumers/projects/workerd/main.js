import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { tenSteps } from "./ten-steps.js";

export default {
  fetch: async () => Response.json(await tenSteps(cpuBackend())),
};
