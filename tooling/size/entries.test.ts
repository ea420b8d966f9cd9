import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { publishedPackages } from "../release/packages.mjs";
import { root } from "../scripts/shell.mjs";

/**
 * The most bytes, gzipped, that everything of an entry point may load at first. Measured on
 * 2026-11-30, with about 4 percent more. @gen/cli, @gen/server and @gen/jobs run in Node
 * alone, and are not bundled.
 */
const budgets: Record<string, number> = {
  "@gen/math": 11_200,
  "@gen/math/json": 1_700,
  "@gen/math/arguments": 2_200,
  "@gen/math/metrics": 6_250,
  "@gen/data": 36_600,
  "@gen/data/toys": 2_980,
  "@gen/graph": 9_800,
  "@gen/graph/compiler": 5_300,
  "@gen/graph/evaluate": 6_500,
  "@gen/graph/loops": 9_600,
  "@gen/graph/onnx": 45_200,
  "@gen/model-files": 9_900,
  "@gen/schedules": 14_400,
  "@gen/runtime-gpu": 62_800,
  "@gen/runtime-gpu/onnx": 35_000,
  "@gen/runtime-gpu/tfjs": 16_500,
  "@gen/runtime-gpu/cpu": 8_800,
  "@gen/runtime-gpu/open": 6_600,
  "@gen/runtime-gpu/call-program": 270,
  "@gen/runtime-gpu/event-loop": 300,
  "@gen/nn": 24_900,
  "@gen/sampling": 58_300,
  "@gen/sampling/kserve": 6_150,
  "@gen/ddim": 15_600,
  "@gen/ddpm": 70_800,
  "@gen/vae": 54_700,
  "@gen/pipeline": 139_700,
};

// Libraries that a user installs beside the packages, and loads later.
const peers = ["onnxruntime-*", "@tensorflow/*", "@huggingface/*", "node:*"];

const entries = publishedPackages(root)
  .filter(({ manifest }) => !["@gen/cli", "@gen/server", "@gen/jobs"].includes(manifest.name))
  .flatMap(({ folder, manifest: { name, exports } }) =>
    Object.entries(exports)
      .filter(([path]) => path !== "./package.json")
      .map(([path, target]) => ({
        entry: name + path.slice(1),
        file: join(folder, target["@gen/source"]),
      })),
  );

/** What a module and its static imports weigh, minified and gzipped. */
async function firstBytes(file: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [file],
    outdir: "size",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
    conditions: ["@gen/source"],
    external: peers,
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const outputs = Object.entries(metafile.outputs);
  const seen = new Set<string>();
  const reach = (path: string): void => {
    if (seen.has(path) || !metafile.outputs[path]) return;
    seen.add(path);
    for (const { path: next, kind } of metafile.outputs[path].imports) {
      if (kind === "import-statement") reach(next);
    }
  };
  for (const [path, { entryPoint }] of outputs) {
    if (entryPoint && join(root, entryPoint) === file) reach(path);
  }
  const loaded = outputFiles.filter((one) =>
    [...seen].some((path) => one.path === join(root, path)),
  );
  if (loaded.length === 0) throw new Error(`the bundle has no ${file}`);
  return loaded.reduce((sum, one) => sum + gzipSync(one.contents, { level: 9 }).length, 0);
}

it("every entry point has a budget", () => {
  expect(Object.keys(budgets).sort()).toEqual(entries.map(({ entry }) => entry).sort());
});

it.each(entries)("$entry stays within its budget", async ({ entry, file }) => {
  const bytes = await firstBytes(file);
  expect(bytes).toBeGreaterThan(0.8 * budgets[entry]);
  expect(bytes).toBeLessThanOrEqual(budgets[entry]);
});
