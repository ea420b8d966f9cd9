import { ddimSteps } from "@gen/ddim";
import { normalNoise, randomStream } from "@gen/math";
import { mlp } from "@gen/nn";
import type { Backend } from "@gen/runtime-gpu";
import { denoiser, sample, torchNoise } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";

/** SHA-256 of one seed's random numbers, which is the same on every engine. */
export async function seededNoise(): Promise<Record<string, string>> {
  const stream = randomStream({ seed: 11, purpose: "engines" });
  const numbers = {
    noise: normalNoise({ seed: 7, batch: 100, size: 5000 }),
    step: normalNoise({ seed: 7, purpose: "step", indices: [3, 9], step: 41, size: 4099 }),
    torch: torchNoise(5, [20, 5000]).x,
    uniform: stream.uniform(50_000),
  };
  const digests: Record<string, string> = {};
  for (const [name, values] of Object.entries(numbers)) {
    const digest = await crypto.subtle.digest("SHA-256", values as Float32Array<ArrayBuffer>);
    digests[name] = Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join(
      "",
    );
  }
  return digests;
}

/** 200 samples of a network with seeded weights, by DDIM with fresh noise in each of 10 steps. */
export async function seededSamples<T>(backend: Backend<T>): Promise<number[]> {
  const network = mlp({ inputs: 2, hidden: [64, 64], time: { features: 16 }, seed: 5 });
  const steps = ddimSteps(linearSchedule(), { steps: 10, eta: 1 });
  const { x } = await sample({
    backend,
    denoiser: denoiser(network),
    steps,
    shape: [200, 2],
    seed: 3,
    clip: 3,
  });
  return Array.from(x);
}
