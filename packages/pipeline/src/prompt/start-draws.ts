/*
 * The random numbers of a run that starts from an image, in the order of diffusers' pipelines:
 *
 *   the VAE's sample of the image, the noise, the VAE's sample of the masked image, the steps
 *
 * They are PyTorch's for `torchSeed`, and keyed by use and number for `seed`.
 */
import { normalNoise, torchCpuGenerator, torchCudaGenerator } from "@gen/math";
import { type GenerateOptions, torchNoise } from "@gen/sampling";
import type { TextToImageOptions } from "./options.ts";

/** A draw of `rows` times `size` normals. */
export interface Draw {
  readonly use: "image" | "initial" | "masked";
  readonly rows: number;
  readonly size: number;
}

/** The normals of the draws by their use, and the noise of the steps that follow. */
export function startDraws(
  { seed, torchSeed, torchDevice: device }: TextToImageOptions,
  draws: readonly Draw[],
): {
  readonly normals: Readonly<Partial<Record<Draw["use"], Float32Array>>>;
  readonly stepNoise: (
    ...part: Parameters<NonNullable<GenerateOptions["noise"]>>
  ) => ReturnType<NonNullable<GenerateOptions["noise"]>>["noise"];
} {
  if (torchSeed === undefined) {
    const normals = draws.map(({ use: purpose, rows: batch, size }) => [
      purpose,
      normalNoise({ seed: seed ?? 0, purpose, batch, size }),
    ]);
    return { normals: Object.fromEntries(normals), stepNoise: () => undefined };
  }
  const generator =
    device === "cuda" ? torchCudaGenerator(torchSeed) : torchCpuGenerator(torchSeed);
  const normals = draws.map(({ use, rows, size }) => [use, generator.randn(rows * size)]);
  const before = draws.map(({ rows, size }) => rows * size);
  return {
    normals: Object.fromEntries(normals),
    stepNoise(shape, part) {
      // Its x is the next draw, which is the first step's.
      const { x, noise } = torchNoise(torchSeed, shape, { ...part, device, before });
      return (step) => (step === 0 ? x : noise(step - 1));
    },
  };
}
