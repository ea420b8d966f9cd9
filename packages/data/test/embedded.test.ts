import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { digits, fashionMnist } from "@gen/data";
import { describe, expect, test, vi } from "vitest";
import pixelsOf from "./fixtures/pixels.json" with { type: "json" };

// SHA-256 of the pixels is in pixels.json, with its source. That of the labels has the same source.
const sha256 = (data: ArrayLike<number>) =>
  createHash("sha256").update(Uint8Array.from(data)).digest("hex");

const counts = (labels: Int32Array | undefined) => {
  const out = new Array<number>(10).fill(0);
  for (const label of labels ?? []) out[label] += 1;
  return out;
};

describe("digits", () => {
  test("are the original integers", async () => {
    const set = await digits();
    expect(set.length).toBe(1797);
    expect(set.shape).toEqual([1, 8, 8]);
    expect(set.range).toEqual([0, 16]);
    expect(Array.from(set.data.subarray(0, 24))).toEqual([
      0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0, 0, 3, 15, 2, 0, 11, 8, 0,
    ]);
    expect(sha256(set.data)).toBe(pixelsOf.digits);
    expect(sha256(set.labels ?? [])).toBe(
      "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0",
    );
    expect(counts(set.labels)).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
  });
});

describe("fashionMnist", () => {
  test.each([
    [
      "train",
      10_000,
      pixelsOf.fashionMnist.train,
      "1022e4632874e71bb84d924c475e6a3428a2deeb8c5a0f612a015c97e4fce7f0",
      [942, 1027, 1016, 1019, 974, 989, 1021, 1022, 990, 1000],
    ],
    [
      "test",
      2_000,
      pixelsOf.fashionMnist.test,
      "a86243d2b2400909bc0a82f5fd5c9df83bf827852a1543e3dc70af890035a9d4",
      [200, 203, 214, 190, 219, 195, 197, 200, 194, 188],
    ],
  ] as const)(
    "%s is the beginning of the original file",
    async (split, n, pixels, labels, classes) => {
      const set = await fashionMnist({ split });
      expect(set.length).toBe(n);
      expect(set.shape).toEqual([1, 28, 28]);
      expect(set.data.length).toBe(n * 784);
      expect(sha256(set.data)).toBe(pixels);
      expect(sha256(set.labels ?? [])).toBe(labels);
      expect(counts(set.labels)).toEqual(classes);
      expect(set.classes?.[9]).toBe("Ankle boot");
    },
  );

  test("refuses an unknown split", async () => {
    // @ts-expect-error a split that does not exist
    await expect(fashionMnist({ split: "valid" })).rejects.toThrow(
      'split must be "train" or "test", got valid',
    );
  });
});

test("the licences lie beside the data, and both are small", () => {
  const asset = (name: string) => new URL(`../assets/${name}`, import.meta.url);
  expect(readFileSync(asset("fashion-mnist.LICENCE.txt"), "utf8")).toContain(
    "Permission is hereby granted, free of charge",
  );
  expect(readFileSync(asset("digits.LICENCE.txt"), "utf8")).toContain(
    "https://creativecommons.org/licenses/by/4.0/",
  );
  const packed = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  expect(packed.files).toContain("assets");
  const files = ["digits.js", "fashion-mnist-train.js", "fashion-mnist-test.js"].map(asset);
  expect(files.every((file) => existsSync(file))).toBe(true);
  const total = files.reduce((sum, file) => sum + statSync(file).size, 0);
  expect(total).toBeLessThan(7_000_000);
});

test("names the module that does not load", async () => {
  vi.doMock("../assets/digits.js", () => Promise.reject(new Error("404 for digits.js")));
  await expect(digits()).rejects.toMatchObject({
    code: "download-failed",
    message: expect.stringMatching(/^embedded images: .*; all files .* must be served$/),
  });
  vi.doUnmock("../assets/digits.js");
});
