/*
 * Random changes of the items of a batch, so that a small dataset teaches more:
 *
 *   flip          mirrors every second item, left to right
 *   shift: 2      moves an item by up to 2 whole pixels along each side
 *   rotate: 10    turns an item by up to 10 degrees about its center
 *   dequantize    adds noise of [0, 1) levels to bytes (Uria et al. 2013, section 5.1; Theis et al.
 *                 2016, section 3.1), so that a density of them is bounded
 *
 * Pixels from beyond an edge are those of the edge. Every draw is keyed by the seed, the epoch and
 * the batch's place in it, so a resumed training sees the same items.
 */
import { randomStream } from "@gen/math";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { dataError } from "./data-error.ts";
import { type Dataset, itemSize } from "./dataset.ts";

/** The place of a batch: its epoch, and the items before it in the epoch. */
interface Place {
  readonly seed: number;
  readonly epoch: number;
  readonly position: number;
}

/**
 * Changes items `[n, ...shape]` in place, by the dataset's `augment`; undefined where there is none.
 *
 * @throws RangeError when a setting is not as described; GenError `invalid-data` when items that are
 * no images are to move, or values that are no bytes are to be dequantized.
 */
export function augmenter(
  dataset: Dataset,
): ((items: Float32Array, place: Place) => void) | undefined {
  const { augment, shape, name } = dataset;
  if (!augment) return undefined;
  checkOptions(augment, {
    flip: rules.optional(rules.FLAG),
    shift: rules.optional(rules.INDEX),
    rotate: rules.optional(rules.NOT_NEGATIVE),
    dequantize: rules.optional(rules.FLAG),
  });
  const { flip = false, shift = 0, rotate = 0, dequantize = false } = augment;
  if (rotate > 180) throw new ArgumentError(`rotate must be in [0, 180] degrees, got ${rotate}`);
  const moves = flip || shift > 0 || rotate > 0;
  if (moves && shape.length !== 3) {
    throw dataError(
      name,
      `flip, shift and rotate need images [channels, height, width], got [${shape.join(", ")}]`,
    );
  }
  if (dequantize && !(dataset.data instanceof Uint8Array)) {
    throw dataError(name, "dequantize needs bytes, got floats");
  }
  const size = itemSize(dataset);
  return (items, { seed, epoch, position }) => {
    const key = { seed, index: epoch, step: position };
    if (moves) {
      const random = randomStream({ ...key, purpose: "augmentation" });
      for (let at = 0; at < items.length; at += size) {
        // Four numbers for each item, so that one setting does not change the draws of another.
        const [mirrored, right, down, turned] = random.uniform(4);
        const pixels = (chance: number) => Math.floor(chance * (2 * shift + 1)) - shift;
        moveItem(items.subarray(at, at + size), shape, {
          isMirrored: flip && mirrored < 0.5,
          right: pixels(right),
          down: pixels(down),
          angle: ((2 * turned - 1) * rotate * Math.PI) / 180,
        });
      }
    }
    if (!dequantize) return;
    const words = randomStream({ ...key, purpose: "dequantization" }).words(items.length);
    // 16 bits below a byte are exact in float32, so that no value reaches the next level.
    for (let i = 0; i < items.length; i++) items[i] += (words[i] >>> 16) / 65_536;
  };
}

interface Move {
  readonly isMirrored: boolean;
  readonly right: number;
  readonly down: number;
  /** In radians. */
  readonly angle: number;
}

/** Mirrors, turns, then moves an image, with bilinear interpolation between its pixels. */
function moveItem(item: Float32Array, shape: readonly number[], move: Move): void {
  const [channels, height, width] = shape;
  const { isMirrored, right, down, angle } = move;
  if (!isMirrored && right === 0 && down === 0 && angle === 0) return;
  const before = item.slice();
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [centerX, centerY] = [(width - 1) / 2, (height - 1) / 2];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [x - right - centerX, y - down - centerY];
      const turnedX = cos * dx + sin * dy;
      const column = between((isMirrored ? -turnedX : turnedX) + centerX, width);
      const row = between(cos * dy - sin * dx + centerY, height);
      for (let c = 0; c < channels; c++) {
        const plane = c * height * width;
        const along = (y: number) => {
          const start = plane + y * width;
          const [left, right] = [before[start + column.low], before[start + column.high]];
          return left + column.share * (right - left);
        };
        const [upper, lower] = [along(row.low), along(row.high)];
        item[plane + y * width + x] = upper + row.share * (lower - upper);
      }
    }
  }
}

/** The two pixels around a place, within the edges, and the share of the second. */
function between(place: number, side: number) {
  const inside = Math.min(Math.max(place, 0), side - 1);
  const low = Math.floor(inside);
  return { low, high: Math.min(low + 1, side - 1), share: inside - low };
}
