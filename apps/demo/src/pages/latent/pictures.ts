import { readSafetensors } from "@gen/data";
import { shifted, size } from "./drawings.ts";
import type { Pictures, Source } from "./latent-api.ts";

/** Values of the digits are whole numbers from 0 to this. */
const DEEPEST = 16;

const digitsFile = new URL("./digits.safetensors", import.meta.url);

/** The file of the digits, which tooling/models/latent writes. @throws Error when it is not served. */
export async function fetchDigits(): Promise<Uint8Array> {
  const response = await fetch(digitsFile);
  if (!response.ok) throw new Error(`digits.safetensors: HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The pictures of sources. The digits are read once. */
export function pictureReader(readDigits: () => Promise<Uint8Array>) {
  let digits: Promise<Pictures> | undefined;
  return (source: Source): Promise<Pictures> => {
    if (source !== "digits") return Promise.resolve(ofDrawings(source));
    digits ??= readDigits().then(ofFile);
    // A failed download is tried again.
    digits.catch(() => {
      digits = undefined;
    });
    return digits;
  };
}

function ofFile(file: Uint8Array): Pictures {
  const { pixels, labels } = readSafetensors(file).tensors;
  return {
    pixels: Float32Array.from(pixels.data as Uint8Array, (v) => v / DEEPEST),
    labels: Int32Array.from(labels.data as Uint8Array),
  };
}

function ofDrawings(drawings: readonly string[]): Pictures {
  const pixels = shifted(drawings);
  const each = pixels.length / size / drawings.length;
  const labels = Int32Array.from(
    { length: pixels.length / size },
    (_, i) => 1 + Math.floor(i / each),
  );
  return { pixels, labels };
}
