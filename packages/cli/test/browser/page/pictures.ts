import { modelFiles } from "@gen/model-files";
import { type Pictures, type TextToImageOptions, textToImage, toPixels } from "@gen/pipeline";
import { gpuTraffic } from "../../../../../tooling/browser/gpu-traffic.ts";
import { openHere } from "./open-here.ts";

/** Where a model's folder is, what is drawn, and when the user stops. */
interface Visit {
  readonly url: string;
  readonly backend: string;
  readonly drawn: Pick<TextToImageOptions, "prompt" | "negativePrompt" | "steps" | "torchSeed">;
  /** As the option of `loadPipeline`. */
  readonly wholeAbove?: number;
  /** Stops once so many bytes of the UNet have arrived, or after this step. */
  readonly stopAt?: { readonly bytes?: number; readonly step?: number };
  /** Whether latents are read at each step. */
  readonly reads?: boolean;
  readonly attempts?: number;
}

/** Draws a picture as a page's user does. */
export async function draws({ url, drawn, stopAt, reads, attempts, ...visit }: Visit) {
  const backend = await openHere(visit.backend);
  const controller = new AbortController();
  const { signal } = controller;
  const loaded: number[] = [];
  const latents: number[][] = [];
  const folder = modelFiles({ name: "pictures" }).folder(url, {
    signal,
    attempts,
    onProgress({ path, ...progress }) {
      if (path !== "unet/model.onnx") return;
      loaded.push(progress.loaded);
      if (progress.loaded >= (stopAt?.bytes ?? Number.POSITIVE_INFINITY)) controller.abort();
    },
  });
  const readBacks: number[] = [];
  const picture = await textToImage(folder, {
    backend,
    ...drawn,
    wholeAbove: visit.wholeAbove,
    signal,
    async onStep({ step, x }) {
      readBacks.push(gpuTraffic.readBacks);
      if (reads) latents.push(Array.from(await x()));
      if (step === stopAt?.step) controller.abort();
    },
  }).catch((error: Error) => error);
  const { live } = backend.memory();
  await backend.close();
  return {
    ...(picture instanceof Error
      ? { error: `${picture.name}: ${picture.message}`, images: [], shape: [] }
      : { ...picture, error: undefined, images: Array.from(picture.images) }),
    canvas: picture instanceof Error || !("document" in globalThis) ? [] : shown(picture),
    ...{ loaded, latents, live },
    /** GPU buffers that were read before each step ended. */
    readBacks,
  };
}

/** The pixels of a canvas that shows a picture. */
function shown(picture: Pictures): number[] {
  const [, , height, width] = picture.shape;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.putImageData(new ImageData(...toPixels(picture)), 0, 0);
  return Array.from(context.getImageData(0, 0, width, height).data);
}

/** Forgets all files. */
export const forgets = async (): Promise<number> => modelFiles({ name: "pictures" }).clear();
