import { readFileSync } from "node:fs";
import * as g from "@gen/graph";
import * as c from "@gen/graph/compiler";
import { fromOnnx } from "@gen/graph/onnx";
import { describe, expect, it } from "vitest";
import { type Backend, capabilities, preflight } from "../src/index.ts";
import { openBackend } from "../src/open-backend.ts";

// PyTorch's denoiser with ONNX Runtime's own operations in it, by tooling/reference/onnx-models.py.
// Fusing changes no value, so the reference is that of the denoiser as PyTorch exports it.
const at = (path: string) => new URL(path, import.meta.url);
const bytes = new Uint8Array(readFileSync(at("reference/denoiser-fused-17.onnx")));
type Reference = Record<string, { shape: number[]; dtype: g.DType; data: number[] }>;
const { sample, timestep, out }: Reference = JSON.parse(
  readFileSync(at("../../graph/test/reference/denoiser-17.json"), "utf8"),
);

const model = fromOnnx(bytes);
const missing = "com.microsoft.QuickGelu (9 nodes), com.microsoft.FusedMatMul";

/** The model inside a sampler's step: from noise to the next x, with the clean image beside it. */
const step = g.trace(
  ({ x, t }) => {
    const scaled = g.mul(x, 2);
    const { out } = model.apply({ sample: scaled, timestep: t });
    const x0 = g.maximum(g.minimum(g.sub(g.mul(scaled, 1.5), g.mul(out, 0.5)), 1), -1);
    return { x0, next: g.add(g.mul(x0, 0.8), g.mul(out, 0.6)), out };
  },
  { x: { shape: ["batch", 2, 8, 8] }, t: { shape: ["batch"], dtype: "int64" } },
);

async function on<R>(name: string, work: (backend: Backend) => Promise<R>): Promise<R> {
  const backend = await openBackend(name);
  try {
    return await work(backend);
  } finally {
    await backend.close();
  }
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i])));

describe("a model with operations that only ONNX Runtime has", () => {
  it.each(["onnx/node-cpu", "onnx/wasm"])("runs inside a step on %s", (name) =>
    on(name, async (backend) => {
      const program = await backend.compile(step);
      const x = backend.upload(
        sample.data.map((v) => v / 2),
        sample.shape,
      );
      const t = backend.upload(timestep.data, timestep.shape, "int64");
      const made = await program.run({ x, t });
      const epsilon = await backend.download(made.out);
      expect(distance(epsilon, out.data)).toBeLessThan(2e-5);
      const x0 = sample.data.map((v, i) => Math.min(1, Math.max(-1, 1.5 * v - 0.5 * out.data[i])));
      expect(distance(await backend.download(made.x0), x0)).toBeLessThan(2e-5);
      const next = x0.map((v, i) => 0.8 * v + 0.6 * out.data[i]);
      expect(distance(await backend.download(made.next), next)).toBeLessThan(3e-5);
      backend.dispose(x, t, ...Object.values(made));
      expect(backend.memory().live).toBe(0);
    }),
  );

  it.each(["tfjs/wasm", "tfjs/cpu", "cpu"])("is refused by %s when it is compiled", (name) =>
    on(name, async (backend) => {
      await expect(backend.compile(step)).rejects.toThrow(
        `${name.split("/")[0]} cannot run ${missing}; the backends of @gen/runtime-gpu/onnx can`,
      );
    }),
  );

  it("fits only ONNX Runtime, by preflight", async () => {
    const onOnnx = preflight(bytes, await capabilities("onnx/wasm"));
    expect(onOnnx).toMatchObject({ fits: true, obstacles: [] });
    expect(onOnnx.notes).toContain(`only ONNX Runtime knows: ${missing}`);
    for (const name of ["tfjs/wasm", "cpu"]) {
      const { fits, obstacles } = preflight(bytes, await capabilities(name));
      expect(fits).toBe(false);
      expect(obstacles).toEqual(
        missing.split(", ").map((what) => ({
          what,
          reason: `cannot run ${what}`,
          kind: "operation",
          limit: "operations",
          message: `${name} cannot run ${what}`,
        })),
      );
    }
  });

  it("is refused in one line if ONNX Runtime does not know them either", () =>
    on("onnx/node-cpu", async (backend) => {
      const renamed = c.rewrite(step, (node, inputs) => {
        const kept = c.withInputs(node, inputs);
        if (kept.op !== "Foreign") return kept;
        const { node: inner } = kept as g.Expr & { node: object };
        return { ...kept, node: { ...inner, opType: "Unheard" } } as g.Expr;
      });
      const refusal = backend.compile(renamed).catch((error: Error) => error.message);
      await expect(refusal).resolves.toMatch(
        /^ONNX Runtime refuses the model: [^\n]*Unheard[^\n]*$/,
      );
    }));

  it("is refused when its output has another shape than its file states", () =>
    on("onnx/node-cpu", async (backend) => {
      const picked = step.nodes.find((e) => e.op === "Result") as g.ExprOf<"Result">;
      expect(picked.shape).toEqual(["batch", 4, 8, 8]);
      const y = { ...picked, shape: ["batch", 4, 8, 9] };
      const program = await backend.compile(g.graphOf({ y }, step.inputs));
      const x = backend.upload(sample.data, sample.shape);
      const t = backend.upload(timestep.data, timestep.shape, "int64");
      await expect(program.run({ x, t })).rejects.toThrow(
        "output y is [3, 4, 8, 8], but the model file makes it [3, 4, 8, 9]",
      );
    }));
});
