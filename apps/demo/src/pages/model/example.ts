import { sha256 } from "virtual:example-model";
import picture from "./example.png?url&no-inline";

/**
 * The model that the room opens with: Stable Diffusion 1 in miniature with random weights, of
 * tooling/fixtures/folders/sd1, which vite.config.ts publishes. To change it, change the folder there,
 * these settings and the picture.
 */
export const example = {
  /** Relative to the page. */
  folder: "example-model",
  sha256,
  /** What diffusers 0.39 makes of the folder with these settings: `default` of golden.prompts.json. */
  picture,
  size: 64,
  settings: {
    prompt: "a red fox, (sitting) on 2 stones",
    negativePrompt: "blurry",
    seed: 3,
    steps: 6,
  },
};
