// @ts-check
// A user's project with chosen versions of the optional peers, and what their backends compute in it.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../scripts/shell.mjs";
import { output } from "./command.mjs";
import { publishedPackages } from "./packages.mjs";
import { stage } from "./stage.mjs";

const program = `
import { ddimSteps } from "@gen/ddim";
import { mean, square, sub } from "@gen/graph";
import { adam, linear, network, train, unet } from "@gen/nn";
import { openBackend } from "@gen/runtime-gpu";
import { denoiser, sample } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";

const layer = linear("layer", 3, 2, { seed: 1 });
const line = network({ x: { shape: ["batch", 3] } }, (x) => layer(x));
function* batches() {
  const numbers = (n) => Array.from({ length: n }, (_, i) => Math.sin(i));
  for (;;) yield { x: { data: numbers(12), shape: [4, 3] }, y: { data: numbers(8), shape: [4, 2] } };
}

/** The weights after 20 steps of training, and four images after 10 steps of DDIM. */
async function numbers(name) {
  const backend = await openBackend(name);
  const { weights } = await train({
    backend,
    signature: { x: line.signature.x, y: { shape: ["batch", 2] } },
    loss: ({ x, y }) => mean(square(sub(line.apply(x), y))),
    optimizer: adam({ learningRate: 0.1 }),
    batches: batches(),
    steps: 20,
  });
  const { x } = await sample({
    backend,
    denoiser: denoiser(unet({ size: 8, inChannels: 1, channels: 8, multipliers: [1, 2], seed: 2 })),
    steps: ddimSteps(linearSchedule(), { steps: 10 }),
    shape: [4, 1, 8, 8],
    seed: 3,
  });
  const { live } = backend.memory();
  await backend.close();
  return { live, values: [...Object.values(weights).flatMap(({ data }) => [...data]), ...x] };
}

const [, , ...names] = process.argv;
const expected = await numbers("cpu");
for (const name of names) {
  const found = await numbers(name);
  const errors = found.values.map((value, i) => {
    const wanted = expected.values[i];
    return Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
  });
  console.log(JSON.stringify({ name, count: errors.length, error: Math.max(...errors), live: found.live }));
}
`;

/**
 * Installs the packages with these versions of peers, trains and samples on each backend, and
 * compares the numbers with the CPU backend's.
 *
 * @param {Record<string, string>} peers versions by name
 * @param {string[]} backends
 * @returns {Promise<{ name: string, count: number, error: number, live: number }[]>} the largest
 *   error, relative to numbers above 1, of so many numbers, and the tensors that are left
 */
export async function runWithPeers(peers, backends) {
  const folder = mkdtempSync(join(tmpdir(), "gen-peers-"));
  try {
    const all = publishedPackages(root);
    const stamp = { repository: "https://example.com/gen", gitHead: "", version: "0.1.0" };
    const staged = join(folder, "staged");
    /** @type {Record<string, string>} */
    const dependencies = { ...peers };
    for (const one of all) {
      const { name } = one.manifest;
      if (["@gen/cli", "@gen/pipeline", "@gen/server", "@gen/jobs"].includes(name)) continue;
      stage(one, all, stamp, staged);
      for (const [other, range] of Object.entries(one.manifest.dependencies ?? {}))
        if (!range.startsWith("workspace:")) dependencies[other] = range;
    }
    const manifest = { private: true, type: "module", dependencies };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
    await output("npm", install, { cwd: folder });
    mkdirSync(join(folder, "node_modules", "@gen"), { recursive: true });
    cpSync(staged, join(folder, "node_modules", "@gen"), { recursive: true });
    writeFileSync(join(folder, "program.mjs"), program);
    const printed = await output(process.execPath, ["program.mjs", ...backends], { cwd: folder });
    return printed.split("\n").map((line) => JSON.parse(line));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
