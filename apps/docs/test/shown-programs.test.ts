import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPng, writePng } from "@gen/data";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenRuns, modelFolder } from "../../../tooling/fixtures/model-folder.ts";
import { fencesOf } from "../scripts/fences.mjs";

const docs = join(import.meta.dirname, "..");
const root = join(docs, "..", "..");
const guide = (name: string) => readFileSync(join(docs, "guide", `${name}.md`), "utf8");
const folder = mkdtempSync(join(tmpdir(), "gen-programs-"));
const at = (name: string) => join(folder, name);

/** Runs Node in the folder. Returns what it printed. */
function node(...args: string[]): string {
  const env = { ...process.env, NODE_OPTIONS: "" };
  const ran = spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
  expect(ran.status, ran.stderr).toBe(0);
  return ran.stdout;
}

/** Runs a command as a shell splits it. */
function shell(command: string): void {
  const words = Array.from(
    command.matchAll(/"([^"]*)"|(\S+)/g),
    ([, quoted, word]) => quoted ?? word,
  );
  expect(words.slice(0, 3)).toEqual(["npx", "@gen/cli", "generate"]);
  node(join(root, "packages", "cli", "dist", "gen.js"), ...words.slice(2));
}

const commands = (name: string) =>
  fencesOf(guide(name), "sh").flatMap(({ code }) =>
    code.split("\n").filter((line) => line.startsWith("npx @gen/cli generate")),
  );
const picture = (name: string) => readPng(readFileSync(at(name)));

beforeAll(() => {
  symlinkSync(join(docs, "node_modules"), at("node_modules"), "junction");
  modelFolder("sd1").write(at("sd15"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the guide 'Text to image'", () => {
  it("makes the same picture by its command and by its program, and another by --like", () => {
    const [make, again] = commands("text-to-image");
    shell(make);
    const made = picture("fox.png");
    expect([made.width, made.height, new Set(made.data).size > 100]).toEqual([64, 64, true]);
    shell(again);
    expect(picture("other.png").data).not.toEqual(made.data);
    rmSync(at("fox.png"));

    writeFileSync(at("fox.mjs"), fencesOf(guide("text-to-image"), "js")[0].code);
    const printed = node("fox.mjs");
    expect(printed).toMatch(/^step 1 of 21, \d+ s left\n/);
    expect(printed).toMatch(/step 21 of 21, 0 s left\n$/);
    expect(picture("fox.png")).toEqual(made);
  });
});

// Each of them is a process of its own, which takes seconds.
const all = process.env.GEN_TEST_ALL === "1";
describe.runIf(all)("commands of the guides", () => {
  beforeAll(() => {
    modelFolder("inpaint").write(at("inpainting"));
    cpSync(at("sd15"), at("sd15-control"), { recursive: true });
    modelFolder("control").write(at("sd15-control"));
    cpSync(at("sd15-control/controlnet"), at("openpose"), { recursive: true });
    const raster = { width: 64, height: 64, channels: 3 as const };
    const data = Uint8Array.from({ length: 3 * 64 * 64 }, (_, i) => (i * 7919) % 256);
    writeFileSync(at("pose.png"), writePng({ ...raster, data }));
    const half = new Uint8Array(3 * 64 * 64).fill(255, 3 * 64 * 32);
    writeFileSync(at("head.png"), writePng({ ...raster, data: half }));
    writeFileSync(at("ink.safetensors"), goldenRuns("sd1", "adapters").file("kohya"));
    writeFileSync(at("toy.safetensors"), goldenRuns("sd1", "adapters").file("toy"));
  });

  it.each([...commands("image-to-image"), ...commands("lora-controlnet")])("%s", (command) => {
    const [, name] = / --out (\S+)$/.exec(command) ?? [];
    shell(command);
    expect(picture(String(name)).width).toBe(64);
  });
});

it("reads a canvas as the guide 'Image to image and inpainting' does", async () => {
  const [{ code }] = fencesOf(guide("image-to-image"), "js");
  const { imageOf } = await import(
    `data:text/javascript,${encodeURIComponent(`${code}\nexport { imageOf };`)}`
  );
  const data = Uint8ClampedArray.of(0, 51, 255, 255, 102, 204, 153, 255);
  const canvas = { width: 2, height: 1, getContext: () => ({ getImageData: () => ({ data }) }) };
  const image = imageOf(canvas);
  expect(image.shape).toEqual([3, 1, 2]);
  const wanted = [-1, -0.2, -0.6, 0.6, 1, 0.2];
  expect(image.data).toHaveLength(6);
  wanted.forEach((v, i) => {
    expect(image.data[i]).toBeCloseTo(v, 6);
  });
});

describe("the guide 'Choose a sampler and a backend' has the numbers of the benches", () => {
  const rows = guide("choose")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").map((cell) => cell.trim()));

  it("of the solvers", () => {
    const file = join(docs, ".vitepress", "solvers.generated.json");
    const { calls, digitsModel } = JSON.parse(readFileSync(file, "utf8"));
    const head = rows.find(([, first]) => first === "calls of the network")?.slice(2, -1);
    expect(head).toHaveLength(5);
    for (const name of ["DDIM", "DPM-Solver++ 2M", "UniPC", "Heun"]) {
      const numbers = rows.find(([, first]) => first === name)?.slice(2, -1) ?? [];
      const measured = head?.map((n) => digitsModel.default[name][calls.indexOf(Number(n))]);
      expect(numbers.map(Number), name).toEqual(measured?.map((v) => Number(v.toFixed(2))));
    }
  });

  it("of the backends", () => {
    const results = readFileSync(join(root, "bench", "RESULTS.md"), "utf8").replace(
      / \[[^\]]*\]/g,
      "",
    );
    const measured = rows.filter(
      ([, , backend, time]) => /^`onnx/.test(backend) && /\d ms/.test(time),
    );
    expect(measured).toHaveLength(5);
    for (const cells of measured) {
      const numbers = cells.join(" ").match(/[\d.]+ (ms|GB)/g) ?? [];
      expect(numbers.length).toBeGreaterThanOrEqual(2);
      for (const number of numbers) expect(results).toContain(number);
    }
  });
});
