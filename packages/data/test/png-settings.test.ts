import { readPng, readPngSettings, writePng } from "@gen/data";
import type { JsonValue } from "@gen/math/json";
import fc from "fast-check";
import { decode } from "fast-png";
import { zlibSync } from "fflate";
import { describe, expect, test } from "vitest";
import { pngChunk, pngFile, pngHeader } from "../../../tooling/fixtures/crafted-files.mjs";
import { MAX_PNG_TEXT } from "../src/limits.ts";
import { errorOf, fixture } from "./fixture.ts";

const raster = { width: 2, height: 1, channels: 1, data: Uint8Array.of(3, 250) } as const;
const settings = {
  prompt: "a red fox, (snow:1.2)",
  negativePrompt: "blurry",
  steps: 20,
  sampler: "Euler a",
  guidance: 7.5,
  seed: 1234567890,
  size: [512, 768],
  model: "sd, v1-5",
  strength: 0.6,
  clipSkip: 1,
};
const text = (content: string) => new Uint8Array(Buffer.from(content, "latin1"));
const withTexts = (...chunks: Uint8Array[]) =>
  pngFile(pngHeader(1, 1), ...chunks, pngChunk("IEND", new Uint8Array(0)));
const parameters = (content: string) => pngChunk("tEXt", text(`parameters\0${content}`));
const read = (content: string) => readPngSettings(withTexts(parameters(content)));

describe("settings in a PNG", () => {
  test("are those that were written, whatever they are", () => {
    const value = fc.jsonValue({ maxDepth: 3 }).filter((v) => !Object.is(v, -0));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), (settings) => {
        const written = JSON.parse(JSON.stringify(settings));
        const png = writePng(raster, { settings: written as Record<string, JsonValue> });
        expect(readPngSettings(png)).toEqual(written);
        expect(readPng(png)).toEqual(raster);
      }),
    );
    expect(readPngSettings(writePng(raster))).toBeUndefined();
  });

  test("are read by other programs as the web UI's text", () => {
    const { text } = decode(writePng(raster, { settings })) as { text: Record<string, string> };
    expect(text.parameters).toBe(
      `a red fox, (snow:1.2)\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 1234567890, Size: 512x768, Model: "sd, v1-5", Denoising strength: 0.6, Clip skip: 2`,
    );
    expect(JSON.parse(text.gen)).toEqual(settings);
    const png = writePng(raster, { settings: { prompt: "红狐狸 🦊" } });
    expect(Buffer.from(png).includes("iTXtparameters\0\0\0\0\0红狐狸 🦊")).toBe(true);
  });

  // Written by Pillow, as the web UI writes its pictures.
  test.each([
    ["text", "a red fox"],
    ["text-compressed", "a red fox"],
    ["text-unicode", "a 红狐狸 🦊"],
    ["text-unicode-compressed", "a 红狐狸 🦊"],
  ])("are read from %s.png", (name, fox) => {
    expect(readPngSettings(fixture(`${name}.png`))).toEqual({
      ...settings,
      prompt: `${fox}, (snow:1.2)\nsecond line: with a colon`,
      negativePrompt: "blurry,\nlow quality",
    });
  });

  test("of the text alone: a line of fewer than three values is a prompt", () => {
    expect(read("note: a, b: c")).toEqual({ prompt: "note: a, b: c" });
    expect(read("x\nSteps: 5, Seed: 1, A: b")).toEqual({ prompt: "x", steps: 5, seed: 1 });
    expect(read("Steps: many, Size: 5, Seed: 1")).toEqual({ prompt: "", seed: 1 });
    expect(read('x\nA: "un, B: c, Steps: 1, C: d')).toEqual({
      prompt: 'x\nA: "un, B: c, Steps: 1, C: d',
    });
  });
});

describe("a stranger's PNG", () => {
  const compressed = (content: Uint8Array) =>
    pngChunk("zTXt", Buffer.concat([text("parameters\0\0"), zlibSync(content)]));

  test("MAX_PNG_TEXT bounds each kind of text", () => {
    const letters = (n: number) => new Uint8Array(n).fill(97);
    const kinds = [
      (n: number) => pngChunk("tEXt", Buffer.concat([text("parameters\0"), letters(n)])),
      (n: number) => compressed(letters(n)),
      (n: number) => pngChunk("iTXt", Buffer.concat([text("parameters\0\0\0\0\0"), letters(n)])),
      (n: number) =>
        pngChunk("iTXt", Buffer.concat([text("parameters\0\x01\0\0\0"), zlibSync(letters(n))])),
    ];
    for (const chunk of kinds) {
      expect(readPngSettings(withTexts(chunk(MAX_PNG_TEXT)))).toHaveProperty("prompt");
      const error = errorOf(() => readPngSettings(withTexts(chunk(MAX_PNG_TEXT + 1))));
      expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
      expect(error.message).toMatch(/1048576 bytes/);
    }
    // A text that is not read may be as long as the file.
    const comment = pngChunk("tEXt", Buffer.concat([text("Comment\0"), letters(2 * MAX_PNG_TEXT)]));
    expect(readPngSettings(withTexts(comment))).toBeUndefined();
  });

  test("is read in time in proportion to its text", () => {
    for (const part of ["a", ":", ",", '"', "\\", "\n", "a: ", 'a: "'] as const) {
      const start = performance.now();
      read(part.repeat(MAX_PNG_TEXT / part.length));
      expect(performance.now() - start, part).toBeLessThan(3000);
    }
  });

  test.each([
    ["no PNG", new Uint8Array(9), "the signature is missing"],
    ["a cut file", fixture("text.png").slice(0, 90), "truncated PNG"],
    [
      "a wrong checksum",
      fixture("text.png").map((b, i) => (i === 60 ? b + 1 : b)),
      "another checksum",
    ],
    ["no JSON", withTexts(pngChunk("tEXt", text("gen\0{"))), "its settings"],
    ["a list", withTexts(pngChunk("tEXt", text("gen\0[]"))), "its settings must be a JSON object"],
    ["no UTF-8", withTexts(pngChunk("iTXt", text("gen\0\0\0\0\0\xff"))), "must hold UTF-8"],
    ["half an iTXt", withTexts(pngChunk("iTXt", text("gen\0\0\0en"))), "a language and a keyword"],
    ["a damaged stream", withTexts(pngChunk("zTXt", text("gen\0\0abc"))), "not a readable zlib"],
  ])("of %s is refused", (_, bytes, problem) => {
    const error = errorOf(() => readPngSettings(bytes, { name: "a.png" }));
    expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
    expect(error.message).toMatch(/^a\.png: /);
    expect(error.message).toContain(problem);
  });
});
