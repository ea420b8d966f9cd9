import { readdirSync } from "node:fs";
import { readPicture, readPng } from "@gen/data";
import { afterEach, describe, expect, test, vi } from "vitest";
import { readJpegHeader, readWebpHeader } from "../src/picture-header.ts";
import { fixture } from "./fixture.ts";

const photos = readdirSync(new URL("./fixtures/photos", import.meta.url)).filter((name) =>
  name.includes("."),
);
const photo = (name: string) => fixture(`photos/${name}`);
const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

const refusal = (bytes: Uint8Array, options: Parameters<typeof readPicture>[1] = {}) =>
  readPicture(bytes, { name: "a", ...options }).then(
    () => expect.unreachable(),
    (error) => {
      expect(error).toMatchObject({ name: "GenError" });
      expect(error.message).not.toContain("\n");
      return error as Error & { code: string };
    },
  );

afterEach(() => {
  vi.doUnmock("sharp");
  vi.resetModules();
});

describe("readPicture", () => {
  test("there are files of each kind", () => expect(photos).toHaveLength(9));

  // Both are libjpeg and libwebp here. Another JPEG decoder may differ by a level or two, and so may
  // the blending with white.
  test.each(photos)("reads %s as Pillow does", async (name) => {
    const wanted = readPng(photo(`decoded/${name}.png`));
    const { data, ...raster } = await readPicture(photo(name));
    expect(raster).toEqual({
      width: wanted.width,
      height: wanted.height,
      channels: wanted.channels,
    });
    expect(data).toHaveLength(wanted.data.length);
    const most = data.reduce(
      (most, level, i) => Math.max(most, Math.abs(level - wanted.data[i])),
      0,
    );
    expect(most).toBeLessThanOrEqual(2);
  });

  test("turns as EXIF says: 40 x 24 pixels become 24 x 40", async () => {
    for (const name of ["turned.jpg", "turned-and-mirrored.jpg", "turned.webp"]) {
      expect(readPng(photo(`decoded/${name}.png`))).toMatchObject({ width: 24, height: 40 });
    }
    const turned = await readPicture(photo("turned.jpg"));
    const plain = await readPicture(photo("color.jpg"));
    // The sun at the upper right is at the lower right after a quarter to the right.
    const at = ({ width, data }: typeof plain, x: number, y: number) =>
      Array.from(data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3));
    expect(at(turned, 23 - 6, 30)).toEqual(at(plain, 30, 6));
  });

  test("a PNG is read too, and the bytes tell the format", async () => {
    const bytes = fixture("rgb.png");
    expect(await readPicture(bytes)).toEqual(readPng(bytes));
    expect((await refusal(bytesOf("GIF89a"))).message).toBe(
      "a: must be a PNG, JPEG or WebP, which its first bytes do not say",
    );
  });

  test.each([
    ["color.jpg", "JPEG"],
    ["lossless.webp", "WebP"],
    ["lossy.webp", "WebP"],
    ["turned.webp", "WebP"],
  ])("refuses %s when it is cut, or larger than the limit", async (name, kind) => {
    const bytes = photo(name);
    const size = 40 * 24 * 3;
    expect((await readPicture(bytes, { limit: size })).data).toHaveLength(size);
    expect((await refusal(bytes, { limit: size - 1 })).message).toBe(
      `a: a 40x24 ${kind} takes 2880 bytes, the limit is 2879 (option limit raises it)`,
    );
    for (const part of [0.1, 0.5, 0.9]) {
      const error = await refusal(bytes.subarray(0, 12 + Math.floor(part * (bytes.length - 12))));
      expect(error.code).toBe("invalid-data");
      expect(error.message).toMatch(new RegExp(`^a: not a readable ${kind}`));
    }
  });

  test("refuses a picture that lacks any part of its end, and reads one with more after it", async () => {
    for (const name of ["color.jpg", "lossy.webp"]) {
      const bytes = photo(name);
      for (let length = 40; length < bytes.length; length++) {
        expect((await refusal(bytes.subarray(0, length))).code).toBe("invalid-data");
      }
      const longer = new Uint8Array([...bytes, 1, 2, 3, 0xff]);
      expect(await readPicture(longer)).toEqual(await readPicture(bytes));
    }
  });

  test("a header of a huge picture is refused before anything is decoded", async () => {
    const jpeg = photo("color.jpg");
    const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
    const huge = jpeg.slice();
    huge.set([0xff, 0xff, 0xff, 0xff], frame + 5);
    const error = await refusal(huge);
    expect(error.message).toContain("a 65535x65535 JPEG takes 12884508675 bytes, the limit is 268");
    const webp = photo("turned.webp").slice();
    webp.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 24);
    expect((await refusal(webp)).message).toContain("a 16777216x16777216 WebP takes");
    huge.set([0, 0], frame + 5);
    expect((await refusal(huge)).message).toBe(
      "a: a picture must have sides of at least 1, got 65535x0",
    );
  });

  test("says what to install when sharp is not there", async () => {
    vi.resetModules();
    vi.doMock("sharp", () => {
      throw new Error("not installed");
    });
    const { readPicture: read } = await import("../src/read-picture.ts");
    const error = await read(photo("color.jpg"), { name: "a.jpg" }).catch((error) => error);
    expect(error).toMatchObject({ code: "backend-unavailable" });
    expect(error.message).toBe(
      "a.jpg: reading JPEG needs sharp, which did not load; run: npm install sharp",
    );
    expect(await read(fixture("rgb.png"))).toMatchObject({ width: 4 });
  });
});

test("headers are read past segments, fill bytes and markers without a length", () => {
  const frame = [0xff, 0xc2, 0, 11, 8, 0, 24, 0, 40, 1, 1, 0x11, 0];
  const comment = [0xff, 0xfe, 0, 4, 0xff, 0xc0];
  const jpeg = Uint8Array.of(0xff, 0xd8, ...comment, 0xff, 0x01, 0xff, 0xff, ...frame);
  expect(readJpegHeader("a", jpeg)).toEqual({ width: 40, height: 24, isGrey: true });
  const refused = [
    Uint8Array.of(0xff, 0xd8, ...comment),
    Uint8Array.of(0xff, 0xd8, 0xff, 0xda, 0, 4, 0, 0, ...frame),
    Uint8Array.of(0xff, 0xd8, 0, 0, ...frame),
  ];
  for (const bytes of refused) {
    expect(() => readJpegHeader("a", bytes)).toThrow("a: not a readable JPEG: it has no frame");
  }
  expect(readWebpHeader("a", photo("lossless.webp"))).toMatchObject({ width: 40, height: 24 });
  expect(() => readWebpHeader("a", photo("lossless.webp").subarray(0, 20))).toThrow(
    "its first chunk says no size",
  );
});
