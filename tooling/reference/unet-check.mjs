// Samples PyTorch's UNet of 1.1 million parameters on each backend and compares the images with
// PyTorch's. Run after `npm run build`: node tooling/reference/unet-check.mjs [backend ...]
// It needs /usr/bin/python3 with PyTorch 1.13 and onnx. The models go to the temporary folder.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readNpy, writeNpy } from "../../packages/data/dist/index.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const gen = here("../../packages/cli/dist/gen.js");
const folder = join(tmpdir(), "gen-unet-check");
const limit = 1e-3;

if (!existsSync(join(folder, "ddim.npy"))) {
  const args = ["-W", "ignore", here("unet-torch.py"), "--large", folder];
  execFileSync("/usr/bin/python3", args, { stdio: ["ignore", "inherit", "ignore"] });
}
const numbers = (path) => readNpy(readFileSync(path));
const noise = numbers(join(folder, "noise.npy"));
const one = join(folder, "noise-1.npy");
writeFileSync(one, writeNpy({ data: noise.data.slice(0, 28 * 28), shape: [1, 1, 28, 28] }));

const ten = ["--steps", "10"];
const given = [...ten, "--init", join(folder, "noise.npy")];
const seeded = ["--torch-seed", "5", "--count", "16"];
const all = [
  ["ddim, given noise", folder, "ddim", given],
  ["the same, opset 13", `${folder}-opset13`, "ddim", given],
  ["ddim, eta 0.6, torch seed", folder, "ddim-seeded", [...ten, "--eta", "0.6", ...seeded]],
  ["ddpm, torch seed", folder, "ddpm-seeded", ["--sampler", "ddpm", "--steps", "20", ...seeded]],
];
// Plain JavaScript and a GPU emulated on the CPU are slow.
const slow = [["ddim, one image", folder, "ddim", [...ten, "--init", one]]];
const casesByBackend = {
  "onnx/node-cpu": all,
  "onnx/wasm": all,
  "onnx/node-webgpu": slow,
  "tfjs/wasm": all,
  "tfjs/cpu": slow,
  cpu: slow,
};
const selected = process.argv.slice(2);
let failed = 0;
for (const [backend, cases] of Object.entries(casesByBackend)) {
  if (selected.length > 0 && !selected.includes(backend)) continue;
  for (const [name, model, reference, args] of cases) {
    const result = compareSamples(backend, model, reference, args);
    console.log(`${backend.padEnd(17)} ${name.padEnd(27)} ${result}`);
  }
}
process.exitCode = failed > 0 ? 1 : 0;

function compareSamples(backend, model, reference, args) {
  const out = join(folder, `${backend.replace("/", "-")}.npy`);
  const options = [
    "--model",
    model,
    "--backend",
    backend,
    ...args,
    "--out",
    out,
    "--force",
    "--json",
  ];
  try {
    const text = execFileSync(process.execPath, [gen, "sample", ...options], {
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
    });
    const { seconds, backend: ran } = JSON.parse(text);
    if (ran !== backend) throw new Error(`ran as ${ran}`);
    const expected = numbers(join(model, `${reference}.npy`)).data;
    const differences = Array.from(numbers(out).data, (v, i) => Math.abs(v - expected[i]));
    const error = Math.max(...differences);
    if (!(error <= limit)) failed++;
    return `${error.toExponential(1)}  ${seconds.toFixed(1)} s`;
  } catch (error) {
    failed++;
    return String(error.stderr || error)
      .trim()
      .split("\n")
      .at(-1);
  }
}
