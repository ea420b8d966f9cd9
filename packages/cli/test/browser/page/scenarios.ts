import { previews } from "./previews.ts";
import { oneSeed } from "./seeded.ts";
import { torchImages } from "./torch.ts";

/** The scenarios that a test can run in a page. */
export const scenarios = { oneSeed, previews, torchImages };
