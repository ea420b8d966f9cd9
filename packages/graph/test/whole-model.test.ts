// Models whose headers alone are read: what is read, and what is refused.
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { errorCode } from "@gen/math";
import { describe, expect, it } from "vitest";
import * as g from "../src/index.ts";
import { fileOf, fromOnnx, modelHeaders, toOnnx, type WholeFile, wholeModel } from "../src/onnx.ts";
import { declared, fileOf as fileWith, node, tensorProto } from "./onnx-build.ts";

/** A file that counts the bytes that are read. */
function counted(bytes: Uint8Array): WholeFile & { readonly read_: () => number } {
  let count = 0;
  const file = fileOf(bytes);
  return {
    ...file,
    read_: () => count,
    read(offset, length) {
      count += length;
      return file.read(offset, length);
    },
  };
}

const folder = new URL("reference/", import.meta.url);
const references = readdirSync(folder).filter((name) => /\.onnx(\.gz)?$/.test(name));

describe("the headers of files by other exporters", () => {
  it.each(references)("tell of %s what the whole file tells", async (name) => {
    const stored = readFileSync(new URL(name, folder));
    const bytes = new Uint8Array(name.endsWith(".gz") ? gunzipSync(stored) : stored);
    let plain: ReturnType<typeof fromOnnx>;
    try {
      plain = fromOnnx(bytes);
    } catch (error) {
      await expect(wholeModel(fileOf(bytes))).rejects.toThrow((error as Error).message);
      return;
    }
    const whole = await wholeModel(fileOf(bytes));
    expect(whole.signature).toEqual(plain.signature);
    expect(whole.outputNames).toEqual(plain.outputNames);
    expect(whole.randomOperations).toEqual(plain.randomOperations);
    const shapes = ({ apply, signature }: typeof plain) => {
      try {
        const { outputs } = g.trace(apply, signature);
        return Object.entries(outputs).map(([output, e]) => [output, e.dtype, e.shape]);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(shapes(whole)).toEqual(shapes(plain));
  });
});

describe("a large file", () => {
  const weights = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      tensorProto(`w${i}`, "float32", [512, 512], new Float32Array(512 * 512)),
    );
  const chain = (count: number, more = {}) =>
    fileWith(
      {
        node: Array.from({ length: count }, (_, i) =>
          node("MatMul", [i === 0 ? "x" : `h${i - 1}`, `w${i}`], [i === count - 1 ? "y" : `h${i}`]),
        ),
        input: [declared("x", ["batch", 512])],
        output: [declared("y", ["batch", 512])],
        initializer: weights(count),
        ...more,
      },
      17,
    );

  it("is read at its headers alone", async () => {
    const bytes = chain(16);
    expect(bytes.length).toBeGreaterThan(2 ** 24);
    const file = counted(bytes);
    const model = await wholeModel(file);
    expect(model.parameters).toEqual([]);
    expect(file.read_()).toBeLessThan(17 * 8192);
  });

  it("keeps no elements of its weights", async () => {
    const model = await wholeModel(fileOf(chain(2)));
    const { nodes } = g.trace(model.apply, model.signature);
    expect(nodes.map(({ op }) => op)).toEqual(["Input", "Foreign", "Result"]);
  });

  it("is refused where it is cut or damaged, whatever the place", async () => {
    const bytes = chain(2);
    for (let i = 0; i < 200; i++) {
      const cut = bytes.subarray(0, Math.floor((bytes.length * i) / 200));
      await expect(wholeModel(fileOf(cut))).rejects.toThrow(/ONNX model/);
    }
    for (let i = 0; i < 600; i++) {
      const changed = bytes.slice();
      changed[(i * 7919) % 700] ^= 1 << (i % 8);
      await wholeModel(fileOf(changed)).catch((error) => {
        expect(errorCode(error), error.stack).toMatch(/^(invalid-model|unsafe-model|unsupported)/);
      });
    }
  });
});

describe("weights beside a model", () => {
  const outside = (location: string, length = 65_536, offset = 0) => {
    const entries = { location, offset: `${offset}`, length: `${length}` };
    const tensor = {
      name: "w",
      dataType: 1,
      dims: [128n, 128n],
      dataLocation: 1,
      externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
    };
    return fileWith(
      {
        node: [node("MatMul", ["x", "w"], ["y"])],
        input: [declared("x", ["batch", 128])],
        output: [declared("y", ["batch", 128])],
        initializer: [tensor],
      },
      17,
    );
  };

  it("are handed on unread", async () => {
    const weights = new Uint8Array(70_000);
    const file = outside("w.bin", 65_536, 4096);
    const model = await wholeModel(fileOf(file, { "w.bin": weights }));
    const { nodes } = g.trace(model.apply, model.signature);
    const call = nodes.find(({ op }) => op === "Foreign") as g.Expr & {
      node: { file: { beside: Record<string, WholeFile> } };
    };
    expect(call.node.file.beside["w.bin"].bytes).toBe(weights);
    expect(model.bytes).toBe(file.length + weights.length);
  });

  it.each([
    ["missing", outside("w.bin"), {}, /its weights in "w.bin" are missing/],
    [
      "too short",
      outside("w.bin", 65_536, 8),
      { "w.bin": new Uint8Array(65_536) },
      /need 65544 bytes, got 65536/,
    ],
    ["of another length", outside("w.bin", 65_532), {}, /takes 65536 bytes, got 65532/],
    ["above the folder", outside("../w.bin"), {}, /only a relative path below the model's folder/],
  ])("are refused where they are %s", async (_, bytes, external, message) => {
    await expect(wholeModel(fileOf(bytes, external))).rejects.toThrow(message);
  });
});

it("headers that are read already are not read again", async () => {
  const file = fileOf(readFileSync(new URL("denoiser-17.onnx", folder)));
  const headers = await modelHeaders(file);
  const unread = { ...file, read: () => Promise.reject(new Error("read")) };
  await expect(wholeModel(unread)).rejects.toThrow("read");
  const [model, usual] = [await wholeModel(unread, headers), await wholeModel(file)];
  expect([model.bytes, model.signature]).toEqual([usual.bytes, usual.signature]);
});

describe("values of Constant nodes", () => {
  it("are shapes where they are large, and read where they are small", async () => {
    const graph = g.trace(
      ({ x }) => {
        const table = g.constant(g.tensor(new Float32Array(90 * 90), [90, 90]));
        return { y: g.reshape(g.matmul(x, table), [-1, 9, 10]) };
      },
      { x: { shape: ["batch", 90] } },
    );
    const bytes = toOnnx(graph);
    const model = await wholeModel(counted(bytes));
    expect(g.trace(model.apply, model.signature).outputs.y.shape).toEqual(["batch", 9, 10]);
  });
});
