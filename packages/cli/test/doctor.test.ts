import { describe, expect, it } from "vitest";
import { type Facts, findings, installedHere } from "../src/doctor/findings.ts";
import { inRange } from "../src/doctor/ranges.ts";

describe("a version in a range", () => {
  it.each([
    ["1.30.0", "^1.22.0", true],
    ["1.22.0", "^1.22.0", true],
    ["1.21.9", "^1.22.0", false],
    ["2.0.0", "^1.22.0", false],
    ["1.24.0-dev.20260101", "^1.22.0", true],
    ["20.18.9", ">=20.19", false],
    ["22.0.0", ">=20.19", true],
    ["20.19.0", ">=20.19", true],
  ])("%s in %s is %s", (version, range, expected) => {
    expect(inRange(version, range)).toBe(expected);
  });
});

const runs = { backend: "onnx/wasm", available: true, detail: "runs as onnx/wasm" };
const absent = (name: string) => ({
  backend: name,
  available: false,
  detail: `${name} is not installed; run: npm install ${name}`,
});
const good: Facts = {
  ...{ node: "22.1.0", nodeRange: ">=20.19", platform: "linux" },
  packages: [{ name: "onnxruntime-web", range: "^1.22.0", version: "1.30.0" }],
  backends: [runs],
  cache: { folder: "/cache" },
  script: "/home/me/project/node_modules/@gen/cli/dist/runs/doctor.js",
};
const problemsOf = (facts: Partial<Facts>) => findings({ ...good, ...facts }).problems;

describe("the findings", () => {
  it("are none on a machine where all is well", () => {
    expect(findings(good)).toEqual({ problems: [], optional: [] });
  });

  it("count a package that is not installed only where no fast backend is left", () => {
    const some = [absent("onnxruntime-node"), absent("@tensorflow/tfjs")];
    const onlySlow = [...some, { ...runs, backend: "cpu" }];
    expect(findings({ ...good, backends: [...some, runs] })).toEqual({
      problems: [],
      optional: [
        { what: "onnxruntime-node is not installed", fix: "npm install onnxruntime-node" },
        { what: "@tensorflow/tfjs is not installed", fix: "npm install @tensorflow/tfjs" },
      ],
    });
    expect(problemsOf({ backends: onlySlow })).toEqual([
      { what: "onnxruntime-node is not installed", fix: "npm install onnxruntime-node" },
    ]);
  });

  it("count a package that is there and does not load, once", () => {
    const detail = "onnxruntime-node has no native binding for sunos x64; run: npm install it";
    const broken = { backend: "onnx/node-cpu", available: false, detail };
    const backends = [broken, { ...broken, backend: "onnx/node-webgpu" }, runs];
    expect(problemsOf({ backends })).toEqual([
      { what: "onnxruntime-node has no native binding for sunos x64", fix: "npm install it" },
    ]);
  });

  it("count an old Node, an untested version and a cache that cannot be written", () => {
    expect(problemsOf({ node: "18.20.0" })[0].what).toMatch(/gen needs Node >=20.19.*18.20.0/);
    const packages = [{ name: "onnxruntime-web", range: "^1.22.0", version: "1.16.0" }];
    expect(problemsOf({ packages })[0].fix).toBe('npm install "onnxruntime-web@^1.22.0"');
    const cache = { folder: "/cache", error: "EACCES" };
    expect(problemsOf({ cache })[0].fix).toBe("export XDG_CACHE_HOME=FOLDER");
    expect(problemsOf({ cache, platform: "win32" })[0].fix).toMatch(/^set /);
  });
});

it.each([
  ["/p/node_modules/@gen/cli/dist/gen.js", "npm install x"],
  ["/usr/lib/node_modules/@gen/cli/dist/gen.js", "npm install -g x"],
  ["C:\\Users\\me\\AppData\\Roaming\\npm\\node_modules\\@gen\\cli\\gen.js", "npm install -g x"],
  ["/home/me/.npm/_npx/0a/node_modules/@gen/cli/gen.js", "npx -p @gen/cli -p x gen doctor"],
  ["/work/gen/packages/cli/dist/gen.js", "npm install x"],
])("for gen at %s the command is %s", (script, command) => {
  expect(installedHere("npm install x", script)).toBe(command);
});
