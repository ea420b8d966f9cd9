import { digits, slice } from "@gen/data";
import { graphOf, input, tensor } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { linearSchedule } from "@gen/schedules";
import { decode, encode, latentDataset, mlpVae, pipelineVae, trainVae } from "@gen/vae";
import { expect, it } from "vitest";
import { loadPipeline, pipelineFiles } from "../src/index.ts";

it("a loaded VAE decodes standardised latents to images in [-1, 1], and encodes them again", async () => {
  const backend = await onnxBackend();
  const dataset = slice(await digits(), 0, 1500);
  const start = mlpVae({ shape: [1, 8, 8], hidden: [64], latent: 4, seed: 1 });
  const options = { backend, dataset, steps: 300, learningRate: 3e-3 };
  const { vae: model } = await trainVae({ ...options, model: start });
  const latents = await latentDataset({ backend, model, dataset });
  const encoded = await encode({ backend, model, dataset });
  const files = pipelineFiles({
    kind: "diffusion",
    denoiser: { predicts: "epsilon", parameters: [], apply: (x) => x },
    scheduler: { schedule: linearSchedule() },
    shape: model.latent,
    vae: pipelineVae(model, latents),
  });
  const { vae } = await loadPipeline((path) => Promise.resolve(files[path]));
  const z = input("z", { shape: [2, 4] });
  const image = input("image", { shape: [2, 1, 8, 8] });
  const latent = latents.dataset.data.subarray(0, 8) as Float32Array;
  const pixels = Float32Array.from(dataset.data.subarray(0, 128), (v) => v / 8 - 1);
  if (!vae?.encode) throw new Error("the pipeline has lost its VAE");
  const out = evaluate(graphOf({ image: vae.decode(z), mean: vae.encode(image).mean }), {
    z: tensor(latent, [2, 4]),
    image: tensor(pixels, [2, 1, 8, 8]),
  });
  const own = latent.map((v, i) => v * latents.std[i % 4] + latents.mean[i % 4]);
  const direct = await decode({ backend, model, z: own });
  for (const [i, v] of direct.data.entries()) {
    expect(Number(out.image.data[i])).toBeCloseTo(2 * v - 1, 4);
  }
  for (let i = 0; i < 8; i++) {
    const wanted = (encoded.mean[i] - latents.mean[i % 4]) / latents.std[i % 4];
    expect(Number(out.mean.data[i])).toBeCloseTo(wanted, 4);
  }
  await backend.close();
});
