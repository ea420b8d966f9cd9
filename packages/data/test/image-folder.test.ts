import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writePng } from "@gen/data";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readImageFolder } from "../src/image-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gen-data-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function picture(path: string, values: number[], width = 2, channels: 1 | 3 = 1) {
  const height = values.length / width / channels;
  const data = Uint8Array.from(values);
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), writePng({ width, height, channels, data }));
}

test("reads PNG files by name and ignores others", async () => {
  picture("b.png", [5, 6, 7, 8]);
  picture("a.PNG", [1, 2, 3, 4]);
  writeFileSync(join(folder, "notes.txt"), "not a picture");
  const set = await readImageFolder(folder);
  expect(set).toMatchObject({ shape: [1, 2, 2], length: 2, range: [0, 255] });
  expect(Array.from(set.data)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(set.labels).toBeUndefined();
});

test("JPEG, WebP and PNG lie beside each other, and each is announced", async () => {
  const photos = fileURLToPath(new URL("./fixtures/photos", import.meta.url));
  for (const name of ["color.jpg", "lossless.webp"]) cpSync(join(photos, name), join(folder, name));
  cpSync(join(photos, "decoded/lossless.webp.png"), join(folder, "pixels.png"));
  cpSync(join(photos, "turned.jpg"), join(folder, "turned.JPEG"));
  const seen: string[] = [];
  const onProgress = (done: number, total: number) => seen.push(`${done}/${total}`);
  const set = await readImageFolder(folder, { size: [24, 40], onProgress });
  expect(set).toMatchObject({ shape: [3, 24, 40], length: 4 });
  expect(set.data.subarray(2880, 2 * 2880)).toEqual(set.data.subarray(2 * 2880, 3 * 2880));
  expect(seen).toEqual(["0/4", "1/4", "2/4", "3/4", "4/4"]);
  const stretched = await readImageFolder(folder, { size: [12, 6], fit: "stretch", channels: 1 });
  expect(stretched.shape).toEqual([1, 12, 6]);
  const wrong = readImageFolder(folder, { size: 8, fit: "cover" as "crop" });
  await expect(wrong).rejects.toThrow("fit must be crop, contain or stretch, got");
});

test("subfolders are classes", async () => {
  picture("shoe/1.png", [1, 1, 1, 1]);
  picture("bag/1.png", [2, 2, 2, 2]);
  picture("bag/2.png", [3, 3, 3, 3]);
  mkdirSync(join(folder, "empty"));
  const set = await readImageFolder(folder);
  expect(set.classes).toEqual(["bag", "shoe"]);
  expect(Array.from(set.labels ?? [])).toEqual([0, 0, 1]);
  expect(Array.from(set.data.filter((_, i) => i % 4 === 0))).toEqual([2, 3, 1]);
});

test("one color image makes all RGB; channels 1 makes all grey", async () => {
  picture("a.png", [10, 20], 2);
  picture("b.png", [255, 0, 0, 0, 255, 0], 2, 3);
  const color = await readImageFolder(folder);
  expect(color.shape).toEqual([3, 1, 2]);
  expect(Array.from(color.data)).toEqual([10, 20, 10, 20, 10, 20, 255, 0, 0, 255, 0, 0]);
  const grey = await readImageFolder(folder, { channels: 1 });
  expect(Array.from(grey.data)).toEqual([10, 20, 76, 150]);
});

test("size scales every image", async () => {
  picture("a.png", [0, 0, 100, 100], 2);
  picture("b.png", new Array(64).fill(9), 8);
  const set = await readImageFolder(folder, { size: 2 });
  expect(set.shape).toEqual([1, 2, 2]);
  expect(Array.from(set.data)).toEqual([0, 0, 100, 100, 9, 9, 9, 9]);
  await expect(readImageFolder(folder, { size: 0 })).rejects.toThrow(
    "size must be whole numbers in [1, 8192], got 0x0",
  );
});

async function refusal(): Promise<string> {
  const error = await readImageFolder(folder, { limit: 1000 }).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).not.toContain("\n");
  return error.message.replaceAll(folder, "FOLDER");
}

test("names the file that it cannot read", async () => {
  expect(await refusal()).toBe("FOLDER: at least one .png, .jpg or .webp file is needed, got none");
  picture("a.png", [1, 2, 3, 4]);
  picture("b.png", [1, 2, 3, 4, 5, 6]);
  expect(await refusal()).toContain("FOLDER/b.png: must be 2x2 like the first image, got 2x3");
  rmSync(join(folder, "b.png"));
  picture("sub/c.png", [1, 2, 3, 4]);
  expect(await refusal()).toContain("either in the folder or in its subfolders, not both");
  rmSync(join(folder, "a.png"));
  writeFileSync(join(folder, "sub/d.png"), "not a picture");
  expect(await refusal()).toBe(
    "FOLDER/sub/d.png: must be a PNG, JPEG or WebP, which its first bytes do not say",
  );
  picture("sub/d.png", new Array(400).fill(1), 20);
  expect(await refusal()).toBe(
    "FOLDER/sub/d.png: a 20x20 PNG takes 1200 bytes, the limit is 1000 (option limit raises it)",
  );
  writeFileSync(join(folder, "sub/d.png"), new Uint8Array(1001));
  expect(await refusal()).toBe(
    "FOLDER/sub/d.png: takes 1001 bytes, the limit is 1000 (option limit raises it)",
  );
});

test("limit counts all images together", async () => {
  for (let i = 0; i < 5; i++) picture(`${i}.png`, new Array(100).fill(i), 10);
  expect(await refusal()).toBe(
    "FOLDER: its images take at least 1200 bytes, the limit is 1000 (option limit raises it)",
  );
});

test("follows a link only within the folder", async () => {
  const outside = mkdtempSync(join(tmpdir(), "gen-data-"));
  picture("a.png", [1, 2, 3, 4]);
  symlinkSync("a.png", join(folder, "b.png"));
  expect((await readImageFolder(folder)).length).toBe(2);
  writeFileSync(join(outside, "c.png"), "secret");
  symlinkSync(join(outside, "c.png"), join(folder, "c.png"));
  expect(await refusal()).toBe("FOLDER/c.png: a link must lead to a file within the folder");
  rmSync(join(folder, "c.png"));
  symlinkSync(outside, join(folder, "classes"));
  expect((await readImageFolder(folder)).length).toBe(2);
  rmSync(outside, { recursive: true });
});
