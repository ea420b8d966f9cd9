import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { openDataset, writeNpy, writeNpz, writePng } from "@gen/data";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
const at = (name: string) => join(folder, name);
const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gen-data-"));
  const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4);
  const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9);
  writeFileSync(at("train-images-idx3-ubyte.gz"), gzipSync(images));
  writeFileSync(at("train-labels-idx1-ubyte.gz"), gzipSync(labels));
  writeFileSync(at("lonely.idx"), images);
  writeFileSync(at("labels.npy"), writeNpy({ shape: [2], data: Int32Array.of(5, 6) }));
  writeFileSync(at("nan.npy"), writeNpy({ shape: [2, 1], data: Float32Array.of(0, Number.NaN) }));
  const data = new Float32Array(4);
  writeFileSync(at("two.npz"), writeNpz({ a: { shape: [2, 2], data }, b: { shape: [4], data } }));
  writeFileSync(at("labelled.csv"), "x,y,label\n1,2,0\n3,4,1\n");
  writeFileSync(at("plain.txt"), "1 2\n3 4\n");
  writeFileSync(at("picture.gif"), "");
  const pixel = { width: 1, height: 1, channels: 1, data: Uint8Array.of(3) } as const;
  writeFileSync(at("a.png"), writePng(pixel));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("idx with the labels beside it, or with given labels", async () => {
  const set = await openDataset(at("train-images-idx3-ubyte.gz"));
  expect(set).toMatchObject({ shape: [1, 1, 2], length: 2, range: [0, 255] });
  expect(Array.from(set.labels ?? [])).toEqual([7, 9]);
  expect((await openDataset(at("lonely.idx"))).labels).toBeUndefined();
  const given = await openDataset(at("lonely.idx"), { labels: at("labels.npy") });
  expect(Array.from(given.labels ?? [])).toEqual([5, 6]);
});

test("npy, npz, CSV, text, folders and one picture", async () => {
  expect((await openDataset(fixture("u1.npy"))).range).toEqual([0, 255]);
  const points = await openDataset(fixture("points.npz"));
  expect(points).toMatchObject({ shape: [2], length: 4 });
  expect(Array.from(points.labels ?? [])).toEqual([0, 1, 0, 1]);
  expect((await openDataset(at("two.npz"), { key: "b" })).shape).toEqual([]);
  const csv = await openDataset(at("labelled.csv"));
  expect(csv.data).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(Array.from(csv.labels ?? [])).toEqual([0, 1]);
  expect((await openDataset(at("plain.txt"))).data).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(await openDataset(folder)).toMatchObject({ shape: [1, 1, 1], length: 1 });
  const picture = await openDataset(at("a.png"), { size: [2, 1], channels: 3 });
  expect(picture).toMatchObject({ shape: [3, 2, 1], length: 1, data: new Uint8Array(6).fill(3) });
});

test.each([
  ["nothing", "missing.npy", "no such file or folder"],
  ["another kind", "picture.gif", "must be a folder of pictures, or end in .idx"],
  ["NaN", "nan.npy", "data must be finite float32 numbers, got NaN in item 1"],
  ["an unclear archive", "two.npz", "key must name one of its arrays (a, b), got none"],
  ["images that are labels", "labels.npy", "2 items need as many labels, got 1"],
])("refuses %s in one line that names the file", async (_what, name, problem) => {
  const error = await openDataset(at(name), {
    ...(name === "labels.npy" && { labels: fixture("scalar.npy") }),
  }).catch((reason) => reason);
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).toMatch(/^[^\n]+$/);
  expect(error.message).toContain(`${at(name)}: ${problem}`);
});

test("limit bounds the file before it is read", async () => {
  await expect(openDataset(at("two.npz"), { limit: 99 })).rejects.toThrow(
    /takes \d+ bytes, the limit is 99/,
  );
});

test.skipIf(process.platform === "win32")("a pipe is refused at once", async () => {
  execFileSync("mkfifo", [at("pipe.npy")]);
  await expect(openDataset(at("pipe.npy"))).rejects.toThrow("must be an ordinary file");
});
