import { sha256 } from "virtual:example-model";
import picture from "./example.png?url&no-inline";
import report from "./example-report.json";
import type { ModelReport } from "./model-work.ts";

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
  /**
   * What describe-model.ts tells of the folder, but for what depends on the machine. With it the room
   * opens without the readers of models. GEN_WRITE_PAGES=1 lets the room's test write it.
   */
  report: report as unknown as ModelReport,
  size: 64,
  settings: {
    prompt: "a red fox, (sitting) on 2 stones",
    negativePrompt: "blurry",
    seed: 3,
    steps: 6,
  },
};
