import { previews } from "./previews.ts";
import { seeded } from "./seeded.ts";
import { torchImages } from "./torch.ts";

/** What a test can have a page do. */
export const scenarios = { previews, seeded, torchImages };
