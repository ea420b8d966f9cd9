import { gzipSync } from "node:zlib";
import {
  readIdx,
  readNpy,
  readNpz,
  readPicture,
  readPng,
  readSafetensors,
  writeNpy,
} from "@gen/data";
import { describe, expect, test } from "vitest";
import {
  idxFile,
  npyDictionary,
  npyFile,
  pngChunk,
  pngFile,
  pngHeader,
  pngPixels,
  safetensorsFile,
  zipFile,
} from "../../../tooling/fixtures/crafted-files.mjs";
import { readCsv } from "../src/csv.ts";
import { readImageFolder } from "../src/image-folder.ts";
import * as limits from "../src/limits.ts";
import { errorOf } from "./fixture.ts";

const none = new Uint8Array(0);
const text = (content: string) => new TextEncoder().encode(content);

/** Expects that `run` throws an error of ours that says `problem`. */
function expectRefusal(run: () => unknown, problem: string) {
  const error = errorOf(run);
  expect(error).toMatchObject({ name: "GenError", code: "invalid-data" });
  expect(error.message).toContain(problem);
}

describe("each limit lets pass what is at it, and refuses what is above it", () => {
  test("MAX_ARRAY_BYTES, in the header of an array", () => {
    const quarter = limits.MAX_ARRAY_BYTES / 4;
    const over = `the limit is ${limits.MAX_ARRAY_BYTES} (option limit raises it)`;
    const npy = (size: number) => npyFile(npyDictionary([size]), none);
    expectRefusal(() => readNpy(npy(quarter)), "needs 1073741824 bytes of data, got 0");
    expectRefusal(() => readNpy(npy(quarter + 1)), over);
    expectRefusal(() => readNpy(npy(quarter + 1), { limit: 2 ** 31 }), "bytes of data, got 0");
    const idx = (size: number) => idxFile([4, size], none);
    expectRefusal(() => readIdx(idx(quarter)), "needs 1073741824 bytes of data, got 0");
    expectRefusal(() => readIdx(idx(quarter + 1)), over);
    expectRefusal(() => readIdx(gzipSync(idx(quarter))), "truncated");
    expectRefusal(() => readIdx(gzipSync(idx(quarter + 1))), over);
    const tensor = (size: number) => ({ dtype: "F32", shape: [size], data_offsets: [0, 4 * size] });
    const weights = (size: number) => safetensorsFile({ a: tensor(size) }, none);
    expectRefusal(() => readSafetensors(weights(quarter)), "ends at 1073741824 of 0 bytes");
    expectRefusal(() => readSafetensors(weights(quarter + 1)), over);
    const npz = (size: number) =>
      zipFile([{ name: "a.npy", content: npy(1), isDeflated: true, size }]);
    expectRefusal(() => readNpz(npz(limits.MAX_ARRAY_BYTES)), "the archive declares 1073741824");
    expectRefusal(() => readNpz(npz(limits.MAX_ARRAY_BYTES + 1)), over);
  });

  test("MAX_PICTURE_BYTES", () => {
    const [width, height] = [2 ** 14, Math.floor(limits.MAX_PICTURE_BYTES / 3 / 2 ** 14)];
    const file = (height: number) => pngFile(pngHeader(width, height, 8, 2), pngPixels(none));
    expectRefusal(() => readPng(file(height)), "compressed bytes cannot be");
    expectRefusal(() => readPng(file(height + 1)), "the limit is 268435456 (option limit raises");
    expectRefusal(() => readPng(file(height + 1), { limit: 2 ** 29 }), "compressed bytes cannot");
    const small = pngFile(pngHeader(3, 5, 8, 2), pngPixels(new Uint8Array(5 * 10)));
    expect(readPng(small, { limit: 45 }).data).toHaveLength(45);
    expectRefusal(() => readPng(small, { limit: 44 }), "takes 45 bytes, the limit is 44");
  });

  test("MAX_PICTURE_BYTES, in the header of a JPEG", async () => {
    const [width, height] = [2 ** 14, Math.floor(limits.MAX_PICTURE_BYTES / 3 / 2 ** 14)];
    const jpeg = (height: number) =>
      Uint8Array.of(0xff, 0xd8, 0xff, 0xc0, 0, 8, 8, height >> 8, height & 255, width >> 8, 0, 3);
    await expect(readPicture(jpeg(height))).rejects.toThrow("not a readable JPEG");
    await expect(readPicture(jpeg(height + 1))).rejects.toThrow("the limit is 268435456");
  });

  test("MAX_PNG_SIDE", () => {
    const side = limits.MAX_PNG_SIDE;
    const wide = (width: number) =>
      pngFile(pngHeader(width, 1), pngPixels(new Uint8Array(1 + width)));
    expect(readPng(wide(side)).width).toBe(side);
    expectRefusal(() => readPng(wide(side + 1)), "sides must be 1 to 65535, got 65536x1");
    const high = (height: number) =>
      pngFile(pngHeader(1, height, 1), pngPixels(new Uint8Array(2 * height)));
    expect(readPng(high(side)).height).toBe(side);
    expectRefusal(() => readPng(high(side + 1)), "sides must be 1 to 65535, got 1x65536");
  });

  test("MAX_CSV_BYTES", () => {
    const lines = (length: number) => new Uint8Array(length).fill(10);
    expectRefusal(() => readCsv(lines(limits.MAX_CSV_BYTES + 1)), "the limit is 268435456");
    expectRefusal(() => readCsv(lines(11), { limit: 10 }), "takes 11 bytes, the limit is 10");
    expectRefusal(() => readCsv(lines(10), { limit: 10 }), "at least one row");
    expect(readCsv(text("1,2,3,4\n5,6\n".slice(0, 8)), { limit: 16 }).data).toHaveLength(4);
    const numbers = text("1,2,3,4,5");
    expect(readCsv(numbers, { limit: 20 }).data).toHaveLength(5);
    expectRefusal(() => readCsv(numbers, { limit: 19 }), "at least 5 numbers of 4 bytes");
    const many = text("1\n".repeat(200_000));
    expect(readCsv(many, { limit: 800_000 }).data).toHaveLength(200_000);
    expectRefusal(() => readCsv(many, { limit: 799_999 }), "200000 numbers of 4 bytes");
    expectRefusal(() => readCsv(many, { limit: 400_000 }), "131072 numbers of 4 bytes");
  });

  test("MAX_CSV_LINE", () => {
    const line = (length: number) => text(`1\n2${" ".repeat(length - 2)}\n3`);
    expect(readCsv(line(limits.MAX_CSV_LINE)).data).toEqual(Float32Array.of(1, 2, 3));
    const most = "lines must have at most 16777216 bytes";
    expectRefusal(() => readCsv(line(limits.MAX_CSV_LINE + 1)), most);
  });

  test("MAX_CSV_COLUMNS", () => {
    const row = (columns: number) => text(`${"1,".repeat(columns - 1)}1`);
    expect(readCsv(row(limits.MAX_CSV_COLUMNS)).shape).toEqual([1, limits.MAX_CSV_COLUMNS]);
    expectRefusal(() => readCsv(row(limits.MAX_CSV_COLUMNS + 1)), "at most 1048576 fields");
  });

  test("MAX_IMAGE_SIDE", async () => {
    const open = (side: number) => readImageFolder("no-such-folder", { size: [1, side] });
    await expect(open(limits.MAX_IMAGE_SIDE)).rejects.toThrow("not a readable folder");
    await expect(open(limits.MAX_IMAGE_SIDE + 1)).rejects.toThrow("in [1, 8192], got 1x8193");
  });

  test("MAX_DIMENSIONS", () => {
    const shape = (rank: number) => new Array<number>(rank).fill(1);
    const npy = (rank: number) => npyFile(npyDictionary(shape(rank)), new Uint8Array(4));
    expect(readNpy(npy(limits.MAX_DIMENSIONS)).shape).toHaveLength(32);
    expectRefusal(() => readNpy(npy(limits.MAX_DIMENSIONS + 1)), "at most 32 dimensions, got 33");
    const weights = (rank: number) =>
      safetensorsFile(
        { a: { dtype: "F32", shape: shape(rank), data_offsets: [0, 4] } },
        new Uint8Array(4),
      );
    expect(readSafetensors(weights(32)).tensors.a.shape).toHaveLength(32);
    expectRefusal(() => readSafetensors(weights(33)), "at most 32 dimensions, got 33");
  });

  test("MAX_IDX_DIMENSIONS", () => {
    const file = (rank: number) => idxFile(new Array<number>(rank).fill(1), Uint8Array.of(7));
    expect(readIdx(file(limits.MAX_IDX_DIMENSIONS)).shape).toHaveLength(8);
    expectRefusal(() => readIdx(file(limits.MAX_IDX_DIMENSIONS + 1)), "rank must be 1 to 8, got 9");
  });

  test("MAX_NPY_HEADER", () => {
    const file = (length: number) =>
      npyFile(npyDictionary([1]).padEnd(length), new Uint8Array(4).fill(0));
    expect(readNpy(file(limits.MAX_NPY_HEADER)).shape).toEqual([1]);
    expectRefusal(() => readNpy(file(limits.MAX_NPY_HEADER + 1)), "at most 65536 bytes, got 65537");
    const packed = (length: number) =>
      zipFile([{ name: "a.npy", content: file(length), isDeflated: true }]);
    expect(readNpz(packed(limits.MAX_NPY_HEADER)).a.shape).toEqual([1]);
    expectRefusal(() => readNpz(packed(limits.MAX_NPY_HEADER + 1)), "at most 65536 bytes");
  });

  test("MAX_NPZ_ARRAYS", () => {
    const content = writeNpy({ shape: [], data: Uint8Array.of(1) });
    const file = (count: number) =>
      zipFile(Array.from({ length: count }, (_, i) => ({ name: `${i}.npy`, content })));
    expect(Object.keys(readNpz(file(limits.MAX_NPZ_ARRAYS)))).toHaveLength(10_000);
    expectRefusal(() => readNpz(file(limits.MAX_NPZ_ARRAYS + 1)), "at most 10000 entries");
  });

  test("MAX_SAFETENSORS_HEADER", () => {
    const file = (length: number) => safetensorsFile({}, none, BigInt(length));
    const most = limits.MAX_SAFETENSORS_HEADER;
    expectRefusal(() => readSafetensors(file(most)), "the header ends at 100000008, the file at");
    expectRefusal(() => readSafetensors(file(most + 1)), "header must be at most 100000000 bytes");
  });

  test("MAX_TENSORS", () => {
    const empty = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
    const file = (count: number) =>
      safetensorsFile(`{${Array.from({ length: count }, (_, i) => `"${i}":${empty}`)}}`, none);
    const { tensors } = readSafetensors(file(limits.MAX_TENSORS));
    expect(Object.keys(tensors)).toHaveLength(100_000);
    expectRefusal(() => readSafetensors(file(limits.MAX_TENSORS + 1)), "at most 100000 tensors");
  });

  test("MAX_GZIP_MEMBERS", () => {
    const head = gzipSync(idxFile([limits.MAX_GZIP_MEMBERS], none));
    const one = gzipSync(Uint8Array.of(1));
    const file = (members: number) =>
      new Uint8Array(Buffer.concat([head, ...new Array<Buffer>(members - 1).fill(one)]));
    expectRefusal(() => readIdx(file(limits.MAX_GZIP_MEMBERS)), "bytes of data, got 999");
    expectRefusal(() => readIdx(file(limits.MAX_GZIP_MEMBERS + 1)), "at most 1000 members");
  });

  test("MAX_IDLE_BYTES", () => {
    const blocks = (bytes: number) => Buffer.alloc(bytes, Uint8Array.of(0, 0, 0, 255, 255));
    const file = (bytes: number) =>
      pngFile(
        pngHeader(1, 1),
        pngChunk(
          "IDAT",
          Buffer.concat([
            Uint8Array.of(0x78, 1),
            blocks(bytes),
            // The last block: one row with its filter, and the stream's checksum, which is 1 + 0.
            Uint8Array.of(1, 2, 0, 0xfd, 0xff, 0, 9, 0, 11, 0, 10),
          ]),
        ),
      );
    const most = 5 * Math.floor(limits.MAX_IDLE_BYTES / 5);
    expect(readPng(file(most)).data).toEqual(Uint8Array.of(9));
    expectRefusal(() => readPng(file(most + 2 ** 14)), "131072 bytes in a row inflate to nothing");
  });
});

describe("files that took the machine's memory or time", () => {
  test("a second header of a PNG is refused", () => {
    const [small, huge] = [pngHeader(2, 2), pngHeader(4e9, 1, 1)];
    const pixels = pngPixels(new Uint8Array(6));
    expectRefusal(() => readPng(pngFile(small, huge, pixels)), "one chunk of each kind");
    expectRefusal(() => readPng(pngFile(pngChunk("tEXt"), small, pixels)), "begin with IHDR");
  });

  test("entries of an archive that share bytes are refused", () => {
    const content = npyFile(npyDictionary([1024]), new Uint8Array(4096));
    const entries = Array.from({ length: 101 }, (_, i) => ({ name: `${i}.npy`, content }));
    const shared = entries.map((entry, i) => (i === 0 ? entry : { ...entry, sharedWith: 0 }));
    expectRefusal(() => readNpz(zipFile(shared)), "overlap another entry");
    expect(Object.keys(readNpz(zipFile(entries)))).toHaveLength(101);
  });

  test("an entry that is longer than it says stops at what it says", () => {
    const content = npyFile(npyDictionary([5e7]), new Uint8Array(2e8));
    const entry = { name: "a.npy", content, isDeflated: true };
    expectRefusal(
      () => readNpz(zipFile([{ ...entry, size: 10 }])),
      "its shape needs 200000076 bytes, the archive declares 10",
    );
  });

  test("work stays in proportion to the file", () => {
    const cpu = (run: () => unknown) => {
      const started = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(started);
      return (user + system) / 1e6;
    };
    const rows = pngPixels(new Uint8Array(9400 * 1176));
    const bits = pngFile(pngHeader(9400, 9400, 1), rows);
    expect(bits.length).toBeLessThan(12_000);
    expect(cpu(() => readPng(bits))).toBeLessThan(10);
    const chunks = pngFile(
      pngHeader(2, 2),
      Buffer.alloc(12e6, pngChunk("IDAT")),
      pngPixels(new Uint8Array(6)),
    );
    expect(cpu(() => readPng(chunks))).toBeLessThan(5);
    const empty = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
    const header = `{${Array.from({ length: 500_000 }, (_, i) => `"${i}":${empty}`)}}`;
    const weights = safetensorsFile(header, none);
    expect(
      cpu(() => expectRefusal(() => readSafetensors(weights), "524288 lists and objects")),
    ).toBeLessThan(10);
  });
});
