import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { mlp } from "@gen/nn";
import { denoiser } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { mlpVae, pipelineVae } from "@gen/vae";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadPipeline, pipelineFiles, savePipeline } from "../src/index.ts";

const points = {
  kind: "diffusion",
  denoiser: denoiser(mlp({ inputs: 2, hidden: [4], time: true })),
  scheduler: { schedule: linearSchedule() },
  shape: [2],
} as const;
const config = new TextDecoder().decode(pipelineFiles(points)["scheduler/scheduler_config.json"]);
const scheduler = JSON.parse(config)._class_name;
type Saved = Parameters<typeof savePipeline>[0];
type ModelCard = NonNullable<Parameters<typeof savePipeline>[2]>;

async function saved(pipeline: Saved, card?: ModelCard) {
  const files: Record<string, Uint8Array> = {};
  await savePipeline(pipeline, (path, bytes) => Object.assign(files, { [path]: bytes }), card);
  return files;
}
const cardOf = async (pipeline: Saved, card: ModelCard) =>
  new TextDecoder().decode((await saved(pipeline, card))["README.md"]);
const frontMatter = (text: string) => /^---\n(.*?)\n---\n/s.exec(text)?.[1].split("\n");
const fence = (text: string, language: string) =>
  new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "ms").exec(text)?.[1];

describe("the model card", () => {
  it("is written on request, beside the pipeline's files", async () => {
    expect(await saved(points)).toEqual(pipelineFiles(points));
    const { "README.md": text, ...files } = await saved(points, {});
    expect(files).toEqual(pipelineFiles(points));
    expect(text.length).toBeGreaterThan(100);
  });

  it("has the front matter of hubs of models, with a license only if one is given", async () => {
    const plain = frontMatter(await cardOf(points, {}));
    expect(plain).toEqual(["tags:", "  - onnx", "  - DDPMPipeline", `  - ${scheduler}`]);
    const licensed = await cardOf(points, { name: "Two\nmoons", license: "mit: not # a comment" });
    // A text in quotes, which YAML does not read as anything else.
    expect(frontMatter(licensed)?.[0]).toBe('license: "mit: not # a comment"');
    expect(licensed).toMatch(/^# Two moons$/m);
  });

  it("names classes, shapes and files", async () => {
    const text = await cardOf(points, {});
    expect(text).toContain(`| scheduler | \`${scheduler}\`, predicts epsilon |`);
    expect(text).toContain("| sample | `[2]` |");
    for (const path of Object.keys(pipelineFiles(points))) expect(text).toContain(`\`${path}\``);
  });

  it("leaves a README.md alone that the folder has", async () => {
    const read = async (path: string) => (path === "README.md" ? new Uint8Array(1) : undefined);
    expect(await saved(points, { read })).toEqual(pipelineFiles(points));
    expect(await saved(points, { read: async () => undefined })).toHaveProperty(["README.md"]);
  });

  it("samples in JavaScript as it says", async () => {
    // Inside the package, where the program finds the others.
    const folder = mkdtempSync(join(import.meta.dirname, "..", "card-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const files = await saved(points, {});
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    const program = fence(new TextDecoder().decode(files["README.md"]), "js") ?? "";
    const args = ["--input-type=module", "--eval", program];
    const printed = execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    expect(printed).toMatch(/^\[ 4, 2 \] Float32Array\(8\) \[/);
  });

  it("samples in Python as the guide's program, which was run", async () => {
    const path = "../../../apps/docs/test/reference/export/sample.py";
    const run = readFileSync(new URL(path, import.meta.url), "utf8")
      .trim()
      .split("\n");
    const shown = (fence(await cardOf(points, {}), "python") ?? "").trim().split("\n");
    const lines = shown.map((line) => line.replace(/"(unet|scheduler)/, '"moons/$1'));
    expect(lines.filter((line) => !run.includes(line))).toEqual(["x = torch.randn(4, 2)"]);
    expect(run.filter((line) => !lines.includes(line))).toHaveLength(2); // its noise and its file
  });

  it("shows no Python where that loop would not do, and conditions where there are some", async () => {
    const classes = mlp({ inputs: 2, hidden: [4], time: true, classes: 3 });
    const text = await cardOf({ ...points, denoiser: denoiser(classes) }, {});
    expect(fence(text, "python")).toBeUndefined();
    expect(text).toMatch(/\| conditions \| `/);
    const v = mlpVae({ shape: [1, 4, 4], hidden: [4], latent: 2 });
    const vae = { kind: "vae", vae: pipelineVae(v), shape: v.latent } as const;
    const alone = await cardOf(vae, {});
    expect(alone).toMatch(/kind: "vae"/);
    expect(frontMatter(alone)).toEqual(["tags:", "  - onnx", "  - AutoencoderKL"]);
    const files = await saved(vae, {});
    await loadPipeline(async (path) => files[path], { kind: "vae" });
  });
});
