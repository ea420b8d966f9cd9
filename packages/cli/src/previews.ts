/*
 * The folder of --previews: a file for each picture and step, such as 0002-step-0015.png. Each is
 * written completely or not at all, so that another program may show the newest.
 */
import { join } from "node:path";
import { writePng } from "@gen/data";
import type { TextToImageOptions } from "@gen/pipeline";
import { replaceFile } from "./atomic-files.ts";
import { singleImage } from "./drawing/pictures.ts";
import { writeFolder } from "./files.ts";

type Step = Parameters<NonNullable<TextToImageOptions["onStep"]>>[0];

const OWN = /^\d{4,}-step-\d{4,}\.png$/;
const digits = (n: number) => String(n).padStart(4, "0");

/** Makes the folder without the previews of earlier runs, and gives what writes those of a step. */
export async function previewWriter(folder: string) {
  await writeFolder(folder, {}, OWN);
  return async ({ step, firstIndex, preview }: Step): Promise<void> => {
    const { images, shape } = await preview();
    for (let i = 0; i < shape[0]; i++) {
      const name = `${digits(firstIndex + i)}-step-${digits(step + 1)}.png`;
      await replaceFile(join(folder, name), writePng(singleImage(images, shape, i)));
    }
  };
}
