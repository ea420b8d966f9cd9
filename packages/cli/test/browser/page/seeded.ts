import { seededNoise, seededSamples } from "../../seeded.ts";
import { openHere } from "./open-here.ts";

/** What this page makes of one seed: the bytes of its noise as hexadecimal digits, and a model's samples. */
export async function seeded(name: string) {
  const backend = await openHere(name);
  const samples = await seededSamples(backend);
  await backend.close();
  return { noise: await seededNoise(), samples };
}
