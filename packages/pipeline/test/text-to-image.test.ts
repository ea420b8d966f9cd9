import type { Tensor } from "@gen/graph";
import { fileOf } from "@gen/graph/onnx";
import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { onnxBackend } from "@gen/runtime-gpu/onnx";
import { tfjsBackend } from "@gen/runtime-gpu/tfjs";
import { afterAll, describe, expect, test } from "vitest";
import {
  goldenRuns,
  modelFolder,
  type PromptCase,
} from "../../../tooling/fixtures/model-folder.ts";
import {
  loadModel,
  loadPipeline,
  loadTokenizer,
  openImageModel,
  type PromptTokenizer,
  textToImage,
} from "../src/index.ts";
import { promptStates } from "../src/prompt/prompt-states.ts";
import { textKind } from "../src/prompt/text-kind.ts";
import { weightHiddenStates } from "../src/text/prompt-weights.ts";
import { distance, farFromGolden, type Read, tensorsOf, withScheduler } from "./golden-runs.ts";

// Runs of diffusers 0.39 from prompts, PyTorch 2.15: tooling/reference/folders/prompts.py.

const onnx = onnxBackend({ provider: "cpu" });
const others = { tfjs: tfjsBackend({ device: "cpu" }), cpu: Promise.resolve(cpuBackend()) };
afterAll(async () => {
  for (const backend of [onnx, ...Object.values(others)]) await (await backend).close();
});

/** The folder of a case, with its scheduler; SD3 without its T5 has no third encoder. */
function folderOf(name: string, run: PromptCase): Read {
  const read = withScheduler(modelFolder(name).read, run);
  if (run.name !== "without-t5") return read;
  return async (path) => {
    if (/_3\//.test(path)) return undefined;
    if (path !== "model_index.json") return read(path);
    return edited(read, { text_encoder_3: [null, null], tokenizer_3: [null, null] });
  };
}

async function edited(read: Read, changes: object): Promise<Uint8Array> {
  return new TextEncoder().encode(
    JSON.stringify({ ...(await json(read, "model_index.json")), ...changes }),
  );
}

const json = async (read: Read, path: string) => {
  const bytes = await read(path);
  return bytes ? JSON.parse(new TextDecoder().decode(bytes)) : {};
};

const runs = ["sd1", "sdxl", "lcm", "sd3", "sd35", "flux"].flatMap((name) =>
  goldenRuns(name, "prompts").cases.map((run) => [name, run.name, run] as const),
);
const goldenOf = (name: string) => tensorsOf(goldenRuns(name, "prompts").tensors);

/** How far the latents of each step, and the pictures, are from the golden ones. */
const compared = (name: string, run: PromptCase, read: Read, backend: unknown = onnx) =>
  farFromGolden(run, goldenOf(name), (options) =>
    textToImage(read, { ...options, backend: backend as typeof onnx }),
  );

describe.each(runs)("%s, %s", (name, _, run) => {
  const read = folderOf(name, run);

  test("has transformers' ids", async () => {
    const index = await json(read, "model_index.json");
    for (const [part, calls] of Object.entries(run.ids)) {
      const folder = part.replace("text_encoder", "tokenizer");
      const [, className] = index[folder];
      const tokenizer = (await loadTokenizer(read, folder, { className })) as PromptTokenizer;
      const [ids] = calls;
      [run.prompt].flat().forEach((prompt, i) => {
        const { ids: ours } = tokenizer.tokenize(prompt, { maxLength: ids[i].length });
        expect([...ours]).toEqual(ids[i]);
      });
    }
  });

  test("has PyTorch's states", async () => {
    const golden = goldenOf(name);
    const index = await json(read, "model_index.json");
    const unet = await json(read, "unet/config.json");
    const config = unet._class_name ? unet : await json(read, "transformer/config.json");
    const { denoiser } = await loadPipeline(read);
    const kind = textKind(index, config, denoiser.condition ?? {});
    const tokenizers: Record<string, PromptTokenizer> = {};
    for (const { tokenizer, className } of kind.parts) {
      tokenizers[tokenizer] = (await loadTokenizer(read, tokenizer, {
        className,
      })) as PromptTokenizer;
    }
    const { encoded } = await promptStates(
      {
        kind,
        backend: await onnx,
        weighted: false,
        width: config.joint_attention_dim,
        tokenizerOf: ({ tokenizer }) => tokenizers[tokenizer],
        load: async (part) => (await loadModel(read, `${part.name}/model.onnx`)) as never,
      },
      [
        { text: [run.prompt].flat()[0], clipSkip: run.clip_skip ?? 0 },
        { text: [run.negative_prompt ?? ""].flat()[0], clipSkip: 0 },
      ],
    );
    const isZero = name === "sdxl" && run.negative_prompt === undefined;
    const wanted = [
      ["states", encoded[0].states],
      ["pooled", encoded[0].pooled],
      ...(isZero
        ? []
        : ([
            ["negative", encoded[1].states],
            ["negative_pooled", encoded[1].pooled],
          ] as const)),
    ] as const;
    for (const [key, ours] of wanted) {
      const theirs = golden[`${run.name}.${key}`];
      if (!theirs) continue;
      const values = (theirs.data as Float32Array).slice(0, ours?.data.length);
      expect(ours?.shape.slice(1), key).toEqual(theirs.shape.slice(1));
      const most = distance(values, new Float32Array(values.length));
      expect(distance((ours as Tensor).data, values) / most, key).toBeLessThan(1e-4);
    }
  });

  test("has PyTorch's latents at each step, and its pictures", async () => {
    const { latents, levels } = await compared(name, run, read);
    expect(latents).toBeLessThan(1e-3);
    expect(levels).toBeLessThan(2);
  });
});

const [sd1, half, xl] = ["sd1", "sd1-fp16", "sdxl"].map((name) => modelFolder(name).read);
const [run] = goldenRuns("sd1", "prompts").cases;
const tiny = { backend: onnx, prompt: "a red fox", steps: 2 };
const opener = async (path: string) => {
  const bytes = await sd1(path);
  return bytes && { ...fileOf(bytes), beside: async () => undefined };
};

test("models in halves stay within halves' rounding", async () => {
  const { latents, levels } = await compared("sd1", run, half);
  expect(latents).toBeLessThan(1e-2);
  expect(levels).toBeLessThan(4);
});

test("models that stay whole files give the same pictures", async () => {
  const wanted = await textToImage(sd1, tiny);
  const whole = await textToImage(sd1, { ...tiny, open: opener, wholeAbove: 0 });
  expect(distance(whole.images, wanted.images)).toBeLessThan(1e-3);
});

test("a folder's own open serves ONNX Runtime, and no other backend", async () => {
  const opened: string[] = [];
  const open = async (path: string) => {
    opened.push(path);
    const bytes = await sd1(path);
    return bytes && fileOf(bytes);
  };
  const folder = Object.assign((path: string) => sd1(path), { open });
  await textToImage(folder, { ...tiny, wholeAbove: 0 });
  expect(opened.sort()).toEqual(
    ["text_encoder", "unet", "vae_decoder"].map((name) => `${name}/model.onnx`),
  );
  const { images } = await textToImage(folder, { ...tiny, backend: others.cpu, wholeAbove: 0 });
  expect([images.length, opened.length]).toEqual([3 * 64 * 64, 3]);
});

test("the folder of the 2022 script gives the pictures of the same weights, of its own scheduler", async () => {
  const legacy = modelFolder("legacy").read;
  const read: Read = async (path) => (path.startsWith("scheduler/") ? legacy : sd1)(path);
  const wanted = await textToImage(read, tiny);
  const old = await textToImage(legacy, { ...tiny, shape: [undefined, 8, 8] });
  expect(distance(old.images, wanted.images)).toBeLessThan(1e-3);
});

test("each model that a picture needs is read once, and no other", async () => {
  const paths: string[] = [];
  const read: Read = async (path) => {
    paths.push(path);
    return xl(path);
  };
  await textToImage(read, tiny);
  expect(paths.filter((path) => path.endsWith(".onnx")).sort()).toEqual(
    ["text_encoder", "text_encoder_2", "unet", "vae_decoder"].map((name) => `${name}/model.onnx`),
  );
});

test("a guidance of 0 is none too, as turbo models want it", async () => {
  const [none, plain] = [0, 1].map((guidance) => textToImage(sd1, { ...tiny, guidance }));
  expect((await none).images).toEqual((await plain).images);
});

test.each(["sdxl", "flux"])("%s runs on tfjs and cpu too", async (name) => {
  const [short] = goldenRuns(name, "prompts").cases;
  for (const backend of Object.values(others)) {
    const { latents, levels } = await compared(name, short, modelFolder(name).read, backend);
    expect(latents).toBeLessThan(1e-3);
    expect(levels).toBeLessThan(2);
  }
});

test("an opened folder serves several calls, and each prompt has its own pictures", async () => {
  const model = await openImageModel(sd1, { backend: onnx });
  expect(model.size).toEqual([64, 64]);
  const all = { prompt: ["a fox", "a dog"], count: 2, seed: 5, steps: 2 };
  const both = await model.textToImage(all);
  expect([both.shape, both.steps, both.notes]).toEqual([[4, 3, 64, 64], 3, []]);
  const first = await model.textToImage({ ...all, prompt: "a fox" });
  const size = 2 * 3 * 64 * 64;
  expect(distance(first.images, both.images.subarray(0, size))).toBeLessThan(1e-5);
  expect(distance(first.images, both.images.subarray(size))).toBeGreaterThan(0.01);
  await model.dispose();
});

test("an opened folder compiles its denoiser and its VAE once", async () => {
  const backend = await onnx;
  const live = new Map<string, number>();
  let made = 0;
  const watched: typeof backend = {
    ...backend,
    async compile(graph, options) {
      // Text encoders are compiled in each call.
      const name = graph.inputs.some((each) => each.name === "ids") ? "text" : "picture";
      const program = await backend.compile(graph, options);
      live.set(name, (live.get(name) ?? 0) + 1);
      if (name === "picture") made++;
      const dispose = () => {
        live.set(name, (live.get(name) ?? 0) - 1);
        return program.dispose();
      };
      return { ...program, dispose };
    },
  };
  for (const options of [{}, { open: opener, wholeAbove: 0 }]) {
    made = 0;
    const model = await openImageModel(sd1, { ...options, backend: watched });
    const { backend: _, ...call } = tiny;
    for (const prompt of ["a fox", "a dog"]) {
      const { images } = await model.textToImage({ ...call, prompt });
      expect([...live]).toEqual(
        [
          ["picture", 2],
          ["text", 0],
        ].reverse(),
      );
      const alone = await textToImage(sd1, { ...tiny, prompt });
      expect(distance(images, alone.images)).toBeLessThan(1e-4);
    }
    expect(made).toBe(2);
    await model.dispose();
    expect([...live.values()]).toEqual([0, 0]);
  }
});

test("the steps and the guidance of the class are the defaults", async () => {
  for (const [name, steps, guidance] of [
    ["lcm", 4, 8.5],
    ["sd3", 28, 7],
    ["flux", 28, 3.5],
  ] as const) {
    const { read } = modelFolder(name);
    const options = { backend: onnx, prompt: "a fox", seed: 1 };
    const preset = await textToImage(read, options);
    expect(preset.steps).toBe(steps);
    const told = await textToImage(read, { ...options, steps, guidance });
    expect(told.images).toEqual(preset.images);
  }
});

test("weights of a prompt count, and brackets are letters without them", async () => {
  const weighted = { ...tiny, prompt: "a (red:1.4) fox", weighted: true };
  const { images } = await textToImage(sd1, weighted);
  const plain = await textToImage(sd1, { ...tiny, prompt: "a red fox", weighted: true });
  expect(plain.images).toEqual((await textToImage(sd1, tiny)).images);
  expect(distance(images, plain.images)).toBeGreaterThan(1e-3);
  const letters = await textToImage(sd1, { ...weighted, weighted: false });
  expect(distance(images, letters.images)).toBeGreaterThan(1e-3);
  const tokenizer = (await loadTokenizer(sd1, "tokenizer")) as PromptTokenizer;
  const { ids, weights } = tokenizer.tokenize("a (red:1.4) fox", { weighted: true });
  const kind = textKind({}, {}, {});
  const encoding = {
    kind,
    backend: await onnx,
    tokenizerOf: () => tokenizer,
    load: async () => (await loadModel(sd1, "text_encoder/model.onnx")) as never,
  };
  const states = async (weighted: boolean, text: string) => {
    const { encoded } = await promptStates({ ...encoding, weighted }, [{ text, clipSkip: 0 }]);
    return encoded[0].states.data as Float32Array;
  };
  expect([...ids]).toEqual([...tokenizer.tokenize("a red fox").ids]);
  expect(await states(true, "a (red:1.4) fox")).toEqual(
    weightHiddenStates(await states(false, "a red fox"), weights),
  );
});

test("notes say what was cut, and what was left out", async () => {
  const long = await textToImage(sd1, { ...tiny, prompt: "a dog ".repeat(60) });
  expect(long.notes).toEqual([expect.stringMatching(/^the prompt has 242 tokens .* was cut off$/)]);
  const plain = await textToImage(sd1, { ...tiny, guidance: 1, negativePrompt: "dog" });
  expect(plain.notes).toEqual(["the negative prompt is not used: there is no second pass for it"]);
  const checked: Read = async (path) =>
    path === "model_index.json" ? edited(sd1, { safety_checker: ["a", "b"] }) : sd1(path);
  const { notes } = await textToImage(checked, tiny);
  expect(notes).toEqual(["the folder's safety checker did not look at the pictures"]);
});

test("a signal stops the work before an encoder, and within a run", async () => {
  const reason = new Error("enough");
  const stopped = { aborted: true, reason };
  await expect(textToImage(sd1, { ...tiny, signal: stopped })).rejects.toBe(reason);
  const controller = new AbortController();
  const onStep = () => controller.abort(reason);
  const late = textToImage(sd1, { ...tiny, signal: controller.signal, onStep });
  await expect(late).rejects.toBe(reason);
});

test("an encoder is read, run and freed before the denoiser runs", async () => {
  const backend = await onnx;
  const open: string[] = [];
  const events: string[] = [];
  const watched: typeof backend = {
    ...backend,
    name: backend.name,
    upload: (...input) => backend.upload(...input),
    download: (tensor) => backend.download(tensor),
    dispose: (...tensors) => backend.dispose(...tensors),
    compile: async (graph) => {
      const program = await backend.compile(graph);
      const name = Object.keys(graph.outputs).join();
      open.push(name);
      events.push(open.join(" "));
      return {
        run: (inputs) => program.run(inputs),
        dispose: async () => {
          open.splice(open.indexOf(name), 1);
          await program.dispose();
        },
      } as typeof program;
    },
  };
  await textToImage(xl, { ...tiny, backend: watched });
  expect(events.slice(0, 2)).toEqual(["hidden_states.1", "hidden_states.1,text_embeds"]);
  expect(events.slice(2).join()).not.toContain("hidden");
  expect(open).toEqual([]);
});

describe("a folder that makes no pictures of a prompt alone says what it needs", () => {
  test.each([
    ["ddpm", /has no text encoder: use generate, or gen sample/],
    ["dit", /has no text encoder: use generate, or gen sample/],
    ["refiner", /is a refiner .*Use imageToImage, or its base folder/],
    ["inpaint", /is for inpainting .*a picture and a mask .*Use inpaint/],
  ])("%s", async (name, message) => {
    await expect(textToImage(modelFolder(name).read, tiny)).rejects.toThrow(message);
  });

  test.each([
    ["text_encoder/model.onnx", /text_encoder encodes the prompt\. .*alone is there.*optimum-cli/],
    ["vae_decoder/model.onnx", /vae_decoder makes an image from latents\. .*optimum-cli/],
    ["tokenizer/vocab.json", /^tokenizer\/ has neither .* of text_encoder\. Copy the folder/],
  ])("without %s", async (missing, message) => {
    const read: Read = async (path) => (path === missing ? undefined : sd1(path));
    await expect(textToImage(read, tiny)).rejects.toThrow(message);
  });

  const classed =
    (_class_name: string): Read =>
    async (path) =>
      path === "model_index.json" ? edited(sd1, { _class_name }) : sd1(path);

  test.each([
    "KolorsPipeline",
    "PixArtAlphaPipeline",
    "StableDiffusionUpscalePipeline",
    "StableDiffusionLatentUpscalePipeline",
    "StableDiffusionDepth2ImgPipeline",
    "FluxFillPipeline",
    "Flux2Pipeline",
  ])("of another class, %s", async (name) => {
    const message = new RegExp(`prompts of ${name} .*generate`);
    await expect(textToImage(classed(name), tiny)).rejects.toThrow(message);
  });

  test.each(["StableDiffusionOnnxPipeline", "ORTStableDiffusionImg2ImgPipeline"])(
    "but not of %s",
    async (name) => {
      expect((await textToImage(classed(name), tiny)).shape).toEqual([1, 3, 64, 64]);
    },
  );
});

test.each([
  [{ size: [70, 64] }, "size must be multiples of 16 pixels, got 70 x 64; take 64 x 64 or 80 x 64"],
  [{ size: [2 ** 20, 2 ** 20] }, "size must have at most 67108864 pixels, got 1048576 x 1048576"],
  [{ size: [64] }, "size must be [width, height] in pixels, got [64]"],
  [{ prompt: 3 }, "prompt must be a text of at most 65536 characters or a list"],
  [{ prompt: [] }, "prompt must be a text of at most 65536 characters or a list"],
  [{ guidance: -1 }, "guidance must be finite and not negative, got -1"],
  [{ guidanceRescale: 2 }, "guidanceRescale must be in [0, 1], got 2"],
  [{ seed: 1, torchSeed: 1 }, "seed must be left out where torchSeed is given"],
])("%o is refused", async (options, message) => {
  const pictures = textToImage(sd1, { ...tiny, ...options } as never);
  await expect(pictures).rejects.toThrow(message);
});
