import { readPicture } from "../../../src/read-picture.ts";

const scenarios = {
  /** The pixels of a served picture as the page's own decoder has them, or the error. */
  async reads(url: string, part = 1) {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    const cut = bytes.subarray(0, Math.floor(part * bytes.length));
    try {
      const { data, ...raster } = await readPicture(cut, { name: "a" });
      return { ...raster, data: Array.from(data) };
    } catch (error) {
      const { name, message, code } = error as Error & { code?: string };
      return { name, message, code };
    }
  },
};

Object.assign(globalThis, { scenarios });
export type PictureScenarios = typeof scenarios;
