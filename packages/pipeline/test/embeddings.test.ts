import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { writeSafetensors } from "@gen/data";
import { tensor, trace } from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { fromOnnx, readModelLayout, replaceInitializer } from "@gen/graph/onnx";
import { describe, expect, test } from "vitest";
import { addEmbeddings, loadTokenizer, readEmbedding } from "../src/index.ts";
import { MAX_EMBEDDING_VECTORS } from "../src/text/limits.ts";
import { outside } from "./lora-cases.ts";
import { readReference } from "./tokenizer-cases.ts";

// Written by tooling/reference/lora-merge.py with torch 2.15 and transformers 4.57.
const bytesOf = (name: string) =>
  new Uint8Array(readFileSync(join(import.meta.dirname, "reference/lora", name)));
const unzipped = (name: string) => new Uint8Array(gunzipSync(bytesOf(`${name}.gz`)));
const { inverted } = JSON.parse(Buffer.from(unzipped("expected.json")).toString());
const encoder = bytesOf("text-encoder.onnx");
const toy = readEmbedding(bytesOf("cat-toy.safetensors"));
const style = readEmbedding(bytesOf("style.safetensors"), { token: "<style>" });
const floats = (...shape: number[]) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
});
const table = "text_model.embeddings.token_embedding.weight";

describe("learned words", () => {
  test("give PyTorch's hidden states", () => {
    const model = addEmbeddings({ model: encoder }, [toy, style], 43);
    const { apply, signature } = fromOnnx(model);
    const run = (inputs: Parameters<typeof apply>[0]) => ({
      out: apply(inputs).last_hidden_state,
    });
    const input_ids = tensor(inverted.ids, [1, 8], "int64");
    const { data } = evaluate(trace(run, signature), { input_ids }).out;
    expect(data).toHaveLength(96);
    inverted.last_hidden_state.forEach((value: number, i: number) => {
      expect(Math.abs(Number(data[i]) - value)).toBeLessThan(1e-5);
    });
  });

  test("are read from each layout of a file", () => {
    expect([toy.token, toy.count, style.token, style.count]).toEqual([
      "<cat-toy>",
      2,
      "<style>",
      1,
    ]);
    const both = writeSafetensors({ clip_l: floats(3, 4), clip_g: floats(3, 5) });
    const { count, vectors } = readEmbedding(both, { token: "x" });
    expect([count, ...vectors.map(({ width }) => width).sort()]).toEqual([3, 4, 5]);
    const wordOf = (name: string, token?: string) =>
      readEmbedding(bytesOf(name), { token, fallback: "file" }).token;
    expect(wordOf("style.safetensors")).toBe("file");
    expect(wordOf("style.safetensors", "x")).toBe("x");
    expect(wordOf("cat-toy.safetensors")).toBe("<cat-toy>");
  });

  test("become rows in the order of the tokenizer's ids, behind a table that is longer", async () => {
    const added = { "<cat-toy>": toy.count, "<style>": style.count };
    const tokenizer = await loadTokenizer(readReference, "clip", { added });
    const { ids } = tokenizer?.tokenize("<style> <cat-toy>") ?? {};
    expect([...(ids ?? [])].slice(1, 4)).toEqual([1636, 1634, 1635]);
    // A table of 45 rows for 43 ids, as T5's tables have more rows than ids.
    const long = addEmbeddings({ model: encoder }, [], 45);
    const model = addEmbeddings({ model: long }, [toy, style], 43);
    const { shape, offset, length } = readModelLayout(model).weights.get(table) as never as {
      shape: number[];
      offset: number;
      length: number;
    };
    expect(shape).toEqual([45, 12]);
    const values = new Float32Array(model.slice(offset, offset + length).buffer);
    expect([...values.subarray(40 * 12, 42 * 12)]).toEqual([
      ...(toy.vectors[0].data as Float32Array),
    ]);
    expect([...values.subarray(42 * 12, 43 * 12)]).toEqual([
      ...(style.vectors[0].data as Float32Array),
    ]);
    const old = readModelLayout(encoder).weights.get(table);
    const first = encoder.slice(old?.offset, Number(old?.offset) + 40 * 48);
    expect([...values.subarray(0, 480)]).toEqual([...new Float32Array(first.buffer)]);
  });

  test.each([
    [
      "another base model",
      () => addEmbeddings({ model: encoder }, [{ ...toy, vectors: [{ width: 9, data: [] }] }], 42),
      /has vectors of 9 numbers and the text encoder of 12: it belongs to another base/,
    ],
    [
      "no text encoder",
      () => addEmbeddings({ model: outside }, [toy], 42),
      /no table of embeddings/,
    ],
    [
      "no word",
      () => readEmbedding(bytesOf("style.safetensors")),
      /does not say its word; give it as token/,
    ],
    [
      "several tensors",
      () => readEmbedding(writeSafetensors({ a: floats(1), b: floats(1) })),
      /has one tensor, or clip_l/,
    ],
    [
      "counts that differ",
      () => readEmbedding(writeSafetensors({ clip_l: floats(1, 4), clip_g: floats(2, 4) })),
      /as many vectors, got/,
    ],
    [
      "a cube",
      () => readEmbedding(writeSafetensors({ a: floats(1, 1, 1) })),
      /got the shape \[1, 1, 1\]/,
    ],
    [
      "too many vectors",
      () => readEmbedding(writeSafetensors({ a: floats(MAX_EMBEDDING_VECTORS + 1, 1) })),
      /must be 1 to 1024 vectors/,
    ],
  ])("with %s are refused", (_, run, message) => {
    expect(run).toThrow(message);
  });

  test("have at most MAX_EMBEDDING_VECTORS vectors", () => {
    const most = writeSafetensors({ a: floats(MAX_EMBEDDING_VECTORS, 1) });
    expect(readEmbedding(most).count).toBe(1024);
  });
});

describe("replaceInitializer", () => {
  test("changes nothing else in the file", () => {
    const place = readModelLayout(encoder).weights.get(table);
    const { offset, length } = place as never as { offset: number; length: number };
    const values = new Float32Array(encoder.slice(offset, offset + length).buffer);
    const same = replaceInitializer(encoder, table, tensor(values, [40, 12]));
    const sums = (bytes: Uint8Array) =>
      [...readModelLayout(bytes).weights].map(([name, { shape, offset, length }]) => [
        name,
        shape,
        Buffer.from(bytes.subarray(offset, offset + length)).toString("base64"),
      ]);
    expect(sums(same)).toEqual(sums(encoder));
    expect(Math.abs(same.length - encoder.length)).toBeLessThan(8);
    const longer = replaceInitializer(encoder, table, tensor(new Float32Array(41 * 12), [41, 12]));
    const again = replaceInitializer(longer, table, tensor(values, [40, 12]));
    expect(Buffer.compare(again, same)).toBe(0);
  });

  test("refuses what is not there", () => {
    const one = tensor([1], [1]);
    expect(() => replaceInitializer(encoder, "none", one)).toThrow('no initializer "none"');
    expect(() => replaceInitializer(encoder.slice(0, 900), table, one)).toThrow(
      "not an ONNX model",
    );
  });
});
