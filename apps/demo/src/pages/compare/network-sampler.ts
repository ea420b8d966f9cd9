import { type Sampler, sampler } from "@gen/sampling";
import { backendError } from "../../backends/backend-error.ts";
import { choices } from "../../backends/choices.ts";
import { openBackend } from "../../backends/open-backend.ts";
import { trainedDenoiser } from "../points/preview-model.ts";
import type { NetworkProblem } from "./compare-work.ts";

/** The sampler of a trained network on a backend of its own. `dispose` closes both. */
export async function networkSampler({ choice, state }: NetworkProblem): Promise<Sampler> {
  const isKnown = typeof choice === "string" && Object.hasOwn(choices, choice);
  // Layers this small take longer to split over threads than to compute on one.
  const backend = await openBackend(isKnown ? choice : "onnx/wasm", 1).catch((cause: Error) => {
    throw Object.assign(new Error(cause.message), { name: backendError });
  });
  const own = sampler({ backend, denoiser: trainedDenoiser(state) });
  return {
    ...own,
    async dispose() {
      await own.dispose();
      await backend.close();
    },
  };
}
