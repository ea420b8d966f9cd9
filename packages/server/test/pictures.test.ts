import { readPng } from "@gen/data";
import { openImageModel, textToImage, toPixels } from "@gen/pipeline";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import OpenAI from "openai";
import { afterAll, expect, it } from "vitest";
import { modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { pictureModel } from "../src/picture-model.ts";
import { serve } from "./served.ts";

/*
 * OpenAI's own client against the server, with the tiny Stable Diffusion of the fixtures.
 */
const { read } = modelFolder("sd1");
const backend = await onnxBackend({ worker: true });
const server = await serve({
  model: pictureModel(await openImageModel(read, { backend })),
  name: "tiny",
  token: "secret",
  limits: { size: 128, steps: 20 },
});
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "secret", maxRetries: 0 });
afterAll(async () => {
  await server.close();
  await backend.close();
});

/** Ours, which OpenAI's types do not know. */
const ours = (more: object) => more as object;

/** The pixels of a picture in base64, three bytes each. */
const pixelsOf = (b64_json: string | undefined) =>
  Array.from(readPng(Buffer.from(b64_json ?? "", "base64")).data);

it("a picture is that of textToImage for the seed, though requests share a run", async () => {
  const call = { steps: 2, guidance: 3, size: [64, 64] as const };
  const prompts = ["a fox", "a red dog"];
  const answers = await Promise.all(
    prompts.map((prompt, i) =>
      client.images.generate({
        ...{ prompt, n: 2 - i, size: "64x64" as never },
        ...ours({ seed: 3, steps: 2, guidance: 3 }),
      }),
    ),
  );
  for (const [i, prompt] of prompts.entries()) {
    const alone = await textToImage(read, { backend, ...call, prompt, count: 2 - i, seed: 3 });
    const { data = [] } = answers[i];
    expect(data).toHaveLength(2 - i);
    for (const [k, { b64_json }] of data.entries()) {
      const [rgba] = toPixels(alone, k);
      expect(pixelsOf(b64_json)).toEqual(Array.from(rgba).filter((_, at) => at % 4 < 3));
    }
  }
  const headers = { authorization: "Bearer secret" };
  const metrics = await (await fetch(`${server.url}/metrics`, { headers })).text();
  expect(metrics).toContain('gen_runs_total{result="done"} 1\n');
  expect(metrics).toContain("gen_samples_total 3\n");
});

it("a stream has events of progress, then each picture", async () => {
  const stream = await client.images.generate({
    prompt: "a fox",
    stream: true,
    ...ours({ seed: 1, steps: 3, guidance: 1, n: 2 }),
  });
  const events: { type: string; b64_json?: string; index?: number }[] = [];
  for await (const event of stream) events.push(event);
  expect(events.slice(-2).map(({ type, index }) => [type, index])).toEqual([
    ["image_generation.completed", 0],
    ["image_generation.completed", 1],
  ]);
  const others = events.slice(0, -2).map(({ type }) => type);
  expect(others.length).toBeGreaterThan(1);
  expect(new Set(others)).toEqual(new Set(["image_generation.progress"]));
  expect(pixelsOf(events.at(-1)?.b64_json)).not.toEqual(pixelsOf(events.at(-2)?.b64_json));
});

it("the client reads the model, the errors and their codes", async () => {
  const names: string[] = [];
  for await (const { id } of client.models.list()) names.push(id);
  expect(names).toEqual(["tiny"]);
  const ask = (more: object) =>
    client.images.generate({ prompt: "a fox", ...more }).catch((error: unknown) => error);
  expect(await ask({ model: "dall-e-3" })).toMatchObject({ status: 404, code: "model_not_found" });
  expect(await ask({ size: "256x256", steps: 2 })).toMatchObject({ status: 400, param: "size" });
  expect(await ask({ size: "70x64", steps: 2 })).toMatchObject({
    status: 400,
    message: expect.stringContaining("multiples of"),
  });
  expect(await ask({ response_format: "url" })).toMatchObject({ status: 400 });
  const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "guess", maxRetries: 0 });
  const refused = await stranger.models.list().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(OpenAI.AuthenticationError);
  expect(server.errors).toEqual([]);
});
