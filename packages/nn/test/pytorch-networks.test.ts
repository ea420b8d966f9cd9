import { readFileSync } from "node:fs";
import { gradients, graphOf, input, mul, type Parameter, sum, tensor } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { dit, unet } from "@gen/nn";
import { describe, expect, test } from "vitest";
import type { DitOptions } from "../src/dit.ts";
import type { UnetOptions } from "../src/unet.ts";
import { expectClose, type Plain, plainTensor } from "./compare.ts";
import { changed } from "./sample-inputs.ts";

interface NetworkCase {
  name: "unet" | "dit";
  options: object;
  inputs: Record<string, Plain>;
  output: Plain;
  probe: Plain;
  /** The product of each weight and its gradient. */
  slopes: Record<string, number>;
}

const { networks } = JSON.parse(
  readFileSync(new URL("./reference/networks.json", import.meta.url), "utf8"),
) as { networks: NetworkCase[] };

/** The reference's weights: a formula of their names. */
function fill({ name, shape }: Parameter) {
  const key = [...name].reduce((k, c, i) => k + c.charCodeAt(0) * (i + 1), 0);
  const size = shape.reduce((a, b) => a * b, 1);
  const at = (i: number) => (((i * 37 + 13 * key + i * i * 5) % 101) - 50) / 256;
  return tensor(
    Array.from({ length: size }, (_, i) => at(i)),
    shape,
  );
}

describe("whole networks give PyTorch's values and gradients", () => {
  for (const { name, options, inputs, output, probe, slopes } of networks) {
    test(name, () => {
      const net = changed(
        name === "dit" ? dit(options as DitOptions) : unet(options as UnetOptions),
        fill,
      );
      expect(net.parameters.map((p) => p.name).sort()).toEqual(Object.keys(slopes).sort());
      const args = Object.entries(net.signature).map(([key, s]) => input(key, s));
      const y = net.apply(...args);
      const weights = input("probe", { shape: y.shape });
      const found = gradients(sum(mul(y, weights)), net.parameters).map(
        (g, i) => [`d ${net.parameters[i].name}`, sum(mul(g, net.parameters[i]))] as const,
      );
      const given = Object.entries(inputs).map(
        ([key, plain]) =>
          [
            key,
            plainTensor(plain, key === "t" || key === "condition" ? "int64" : "float32"),
          ] as const,
      );
      const got = evaluate(graphOf({ y, ...Object.fromEntries(found) }, [...args, weights]), {
        ...Object.fromEntries(given),
        probe: plainTensor(probe),
      });
      expectClose(got.y, output, 1e-6);
      for (const [key, slope] of Object.entries(slopes)) {
        expectClose(got[`d ${key}`], { shape: [], data: [slope] }, 1e-5);
      }
      expect(Math.max(...output.data.map(Math.abs))).toBeGreaterThan(0.1);
    });
  }
});
