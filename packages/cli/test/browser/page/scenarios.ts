import { draws, forgets } from "./pictures.ts";
import { previews } from "./previews.ts";
import { oneSeed } from "./seeded.ts";
import { torchImages } from "./torch.ts";

/** The scenarios that a test can run in a page. */
export const scenarios = { draws, forgets, oneSeed, previews, torchImages };
