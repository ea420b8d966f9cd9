import type { DType } from "@gen/graph";
import { it } from "vitest";
import { backendNeeds, type PageKind } from "../../../../tooling/browser/page-tests.ts";
import { conformance, type Limits } from "../conformance.ts";
import { closesBrowser, inBrowser } from "./in-browser.ts";

const exact: Limits = { tolerance: 2e-6 };
const gpu: Limits = { tolerance: 1e-4 };
// Dtypes that software adapters of WebGPU lack.
const wide: DType[] = ["float16", "float64"];

// A software adapter compiles a shader for each shape of each operation, which takes long: all ways
// of broadcasting are tried on one operation, and the hardest way on the others.
const slowToCompile = /^(sub|mul|maximum|minimum|greater|less|equal|div), (a|both) /;

closesBrowser();
const everywhere = { everyEngine: true };
conformsIn("onnx/wasm", "page", { isolated: true, ...everywhere }, exact);
conformsIn("onnx/wasm", "worker", { isolated: true, ...everywhere }, exact);
conformsIn("onnx/wasm", "page", { isolated: false }, exact);
conformsIn(
  "onnx/webgpu",
  "page",
  { isolated: false, needs: backendNeeds("onnx/webgpu") },
  gpu,
  wide,
);
conformsIn(
  "onnx/webgpu, capturing",
  "page",
  { isolated: false, needs: backendNeeds("onnx/webgpu") },
  gpu,
  wide,
);
conformsIn("tfjs/webgpu", "page", { isolated: true, needs: backendNeeds("onnx/webgpu") }, gpu);
conformsIn("tfjs/webgl", "page", { isolated: false, needs: backendNeeds("tfjs/webgl") }, gpu);
conformsIn("tfjs/wasm", "page", { isolated: true, ...everywhere }, exact);
conformsIn("tfjs/wasm", "worker", { isolated: true, ...everywhere }, exact);

/** Runs every case on one backend, in a page of its own or in the worker of one. */
function conformsIn(
  name: string,
  where: "page" | "worker",
  kind: PageKind,
  { tolerance }: Limits,
  without: DType[] = [],
): void {
  const limits: Limits = { tolerance, without };
  const isolation = kind.isolated ? "isolated" : "not isolated";
  inBrowser(`${name} in a ${where}, ${isolation}`, kind, (page) => {
    it("the page is isolated or not", async ({ expect }) => {
      expect(await page().run("isolated", [], where)).toBe(kind.isolated);
    });
    for (const { name: requirement, needs = [] } of conformance) {
      if (tolerance !== exact.tolerance && slowToCompile.test(requirement)) continue;
      const lacks = needs.some((dtype) => without.includes(dtype));
      it.skipIf(lacks)(requirement, () =>
        page().run("conforms", [name, requirement, limits], where),
      );
    }
  });
}
