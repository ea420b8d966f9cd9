import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { imageHashes } from "./image-hashes.js";
import { tenSteps } from "./ten-steps.js";

export default {
  fetch: async () =>
    Response.json({ ...(await tenSteps(cpuBackend())), images: await imageHashes() }),
};
