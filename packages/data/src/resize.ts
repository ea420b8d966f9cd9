import type { Raster } from "./png.ts";

/**
 * How a picture of other proportions fits a size: `crop` cuts equally from both ends of the longer
 * direction, `contain` adds black at both ends of the shorter one, `stretch` changes proportions.
 */
export type Fit = "crop" | "contain" | "stretch";

/**
 * Scales a raster to `width` by `height`.
 *
 * Each axis is a convolution with a triangle as wide as the larger of an input and an output pixel:
 * an average when shrinking, linear interpolation when growing.
 */
export function resize(raster: Raster, width: number, height: number, fit: Fit = "crop"): Raster {
  const { channels } = raster;
  const [zoomX, zoomY] = [raster.width / width, raster.height / height];
  if (fit === "contain" && zoomX !== zoomY) {
    const zoom = Math.max(zoomX, zoomY);
    const [inner, high] = [raster.width, raster.height].map((side) =>
      Math.max(1, Math.round(side / zoom)),
    );
    return pad(resize(raster, inner, high, "stretch"), width, height);
  }
  const least = Math.min(zoomX, zoomY);
  const columns = weights(raster.width, width, fit === "crop" ? least : zoomX);
  const rows = weights(raster.height, height, fit === "crop" ? least : zoomY);
  const narrow = new Float32Array(raster.height * width * channels);
  for (let y = 0; y < raster.height; y++) {
    for (let x = 0; x < width; x++) {
      const { from, taps } = columns[x];
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < taps.length; k++) {
          sum += taps[k] * raster.data[(y * raster.width + from + k) * channels + c];
        }
        narrow[(y * width + x) * channels + c] = sum;
      }
    }
  }
  const line = width * channels;
  const data = new Uint8Array(height * line);
  for (let y = 0; y < height; y++) {
    const { from, taps } = rows[y];
    for (let i = 0; i < line; i++) {
      let sum = 0;
      for (let k = 0; k < taps.length; k++) sum += taps[k] * narrow[(from + k) * line + i];
      data[y * line + i] = Math.round(sum);
    }
  }
  return { width, height, channels, data };
}

/** Puts a raster in the middle of a black one. */
function pad(raster: Raster, width: number, height: number): Raster {
  const { channels } = raster;
  const data = new Uint8Array(width * height * channels);
  const left = Math.floor((width - raster.width) / 2);
  const top = Math.floor((height - raster.height) / 2);
  const line = raster.width * channels;
  for (let y = 0; y < raster.height; y++) {
    const row = raster.data.subarray(y * line, (y + 1) * line);
    data.set(row, ((top + y) * width + left) * channels);
  }
  return { width, height, channels, data };
}

/** For each output pixel, its first input pixel and the weights from there on. */
function weights(input: number, output: number, zoom: number) {
  const reach = Math.max(1, zoom);
  const start = (input - output * zoom) / 2;
  return Array.from({ length: output }, (_, i) => {
    const center = start + (i + 0.5) * zoom;
    const from = Math.max(0, Math.floor(center - reach));
    const to = Math.min(input, Math.ceil(center + reach));
    const taps = Array.from({ length: to - from }, (_, k) =>
      Math.max(0, 1 - Math.abs(from + k + 0.5 - center) / reach),
    );
    const sum = taps.reduce((a, b) => a + b, 0);
    return { from, taps: taps.map((tap) => tap / sum) };
  });
}
