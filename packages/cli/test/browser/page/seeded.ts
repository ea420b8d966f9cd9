import { seededNoise, seededSamples } from "../../seeded.ts";
import { openHere } from "./open-here.ts";

/** One seed in this page: the SHA-256 of its noise, and samples of a model. */
export async function oneSeed(name: string) {
  const backend = await openHere(name);
  const samples = await seededSamples(backend);
  await backend.close();
  return { noise: await seededNoise(), samples };
}
