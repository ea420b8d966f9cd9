import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const sources = ["packages", "apps"].flatMap((group) =>
  readdirSync(join(root, group)).map((name) => join(group, name, "src")),
);

const reader =
  "(includes|match|matchAll|startsWith|endsWith|search|indexOf|lastIndexOf|replace|replaceAll|split|slice|substring|at)\\(";
const text = "(\\bmessage|\\b(errorLine|failureLine)\\([^()]*\\)|String\\((error|cause|reason)\\))";
const textReads = new RegExp(
  [
    `${text}\\)?(\\s*\\??\\.\\s*trim\\(\\))?\\s*\\??\\.\\s*${reader}`,
    `\\.(test|exec)\\(\\s*[^()]*${text}`,
    `\\.message\\s*[!=]==`,
  ].join("|"),
  "g",
);

/** Files that format a message and decide nothing by it. */
const formatters = [
  "packages/math/src/gen-error.ts",
  "packages/cli/src/refuse-usage.ts",
  "packages/data/src/decode-picture.ts",
];

it("code decides by an error's code, never by its text", () => {
  const files = sources
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { encoding: "utf8", recursive: true })
        .filter((name) => /\.(ts|vue)$/.test(name))
        .map((name) => join(folder, name)),
    );
  expect(files.length).toBeGreaterThan(300);
  const found = files
    .filter((file) => !formatters.includes(file))
    .flatMap((file) => {
      const source = readFileSync(join(root, file), "utf8");
      return [...source.matchAll(textReads)].map(([match]) => `${file}: ${match}`);
    });
  expect(found).toEqual([]);
});

/** Files whose plain errors no caller sees: readers catch them, or they cannot be reached. */
const internal: Readonly<Record<string, number>> = {
  "packages/graph/src/evaluate.ts": 1,
  "packages/graph/src/onnx/foreign-types.ts": 1,
  "packages/graph/src/onnx/message-codec.ts": 8,
};

it("a refused argument has a code: packages throw no plain RangeError, TypeError or Error", () => {
  const plain = ["math", "graph", "data", "model-files", "schedules", "nn", "sampling"]
    .concat(["vae", "ddpm", "ddim", "pipeline"])
    .flatMap((name) => {
      const folder = `packages/${name}/src`;
      return readdirSync(join(root, folder), { encoding: "utf8", recursive: true })
        .filter((file) => file.endsWith(".ts"))
        .flatMap((file) => {
          const source = readFileSync(join(root, folder, file), "utf8");
          const found = source.match(/throw new (Range|Type)?Error\(/g);
          return found ? [[`${folder}/${file}`, found.length] as const] : [];
        });
    });
  expect(Object.fromEntries(plain)).toEqual(internal);
});

it("the search finds each form of such code", () => {
  for (const line of [
    'error.message.includes("x")',
    "(error as Error).message\n    .replace(/x/, y)",
    'message.startsWith("x")',
    "/x/.test(error.message)",
    "const [first] = cause.message.trim().split(end)",
    "errorLine(error).replace(/x/, y)",
    'error.message === "x"',
  ]) {
    expect(line.match(textReads), line).not.toBeNull();
  }
  expect("verdict(error.message); lines.map((line) => line.trim())".match(textReads)).toBeNull();
});
