import type { DType } from "@gen/graph";
import { it } from "vitest";
import { conformance, type Limits } from "../conformance.ts";
import { closesBrowser, inBrowser } from "./in-browser.ts";

const exact: Limits = { tolerance: 2e-6 };
const gpu: Limits = { tolerance: 1e-4 };

// Where the adapter is software, each shape of each operation is a shader to compile: there, all ways of
// broadcasting are tried on one operation and the hardest way on the others.
const slowToCompile = /^(sub|mul|maximum|minimum|greater|less|equal|div), (a|both) /;

closesBrowser();
const [isolated, plain] = [{ isolated: true }, { isolated: false }];
conformsIn("onnx/wasm", "an isolated page", isolated, exact);
conformsIn("onnx/wasm", "a page that is not isolated", plain, exact);
conformsIn("onnx/webgpu", "a page", plain, gpu, ["float16", "float64"]);
conformsIn("onnx/webgpu, capturing", "a page", plain, gpu, ["float16", "float64"]);
conformsIn("tfjs/webgpu", "a page", isolated, gpu);
conformsIn("tfjs/webgl", "a page", plain, gpu);
conformsIn("tfjs/wasm", "an isolated page", isolated, exact);

/** Runs every case on one backend in a page of its own. */
function conformsIn(
  name: string,
  where: string,
  kind: { isolated: boolean },
  { tolerance }: Limits,
  without: DType[] = [],
): void {
  const limits: Limits = { tolerance, without };
  inBrowser(`${name} in ${where}`, kind, (page) => {
    it("the page is isolated or not", async ({ expect }) => {
      expect(await page().run("isolated", [])).toBe(kind.isolated);
    });
    for (const { name: requirement, needs = [] } of conformance) {
      if (tolerance !== exact.tolerance && slowToCompile.test(requirement)) continue;
      const lacks = needs.some((dtype) => without.includes(dtype));
      it.skipIf(lacks)(requirement, () => page().run("conforms", [name, requirement, limits]));
    }
  });
}
