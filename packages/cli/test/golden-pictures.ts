import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readPng, readSafetensors } from "@gen/data";
import { expect } from "vitest";

/** The SHA-256 of a file. */
export const sha256 = (path: string) =>
  createHash("sha256").update(readFileSync(path)).digest("hex");

/** The largest distance in levels of 255 of a PNG from picture `i` of a run of diffusers. */
export function distance(path: string, runs: Uint8Array, name: string, i = 0): number {
  const { data: all, shape } = readSafetensors(runs).tensors[`${name}.images`];
  const [, , height, width] = shape;
  const size = height * width;
  const planes = all.slice(3 * size * i, 3 * size * (i + 1));
  const { data, ...found } = readPng(readFileSync(path));
  expect(found).toEqual({ width, height, channels: 3 });
  const wrong = data.map((v, i) =>
    Math.abs(v - Number(planes[(i % 3) * size + Math.floor(i / 3)])),
  );
  return Math.max(...wrong);
}
