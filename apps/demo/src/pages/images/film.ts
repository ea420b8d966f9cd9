import type { FilmMoment, Picture } from "@gen/figures";
import type { Moment } from "./make-pictures.ts";
import { SIDE, SIZE } from "./picture-size.ts";
import type { Settings } from "./settings.ts";

/** A run as the page shows it: each moment's x and clean estimates, for each sample. */
export interface Film {
  readonly settings: Settings;
  readonly moments: readonly (Pick<Moment, "step" | "t"> & {
    readonly noisy: readonly Picture[];
    readonly clean: readonly Picture[];
  })[];
  /** The finished pictures; before the end, the latest clean estimates. */
  readonly pictures: readonly Picture[];
}

/** Pictures `[n, 28, 28]` one by one. */
export const picturesOf = (values: Float32Array): Picture[] =>
  Array.from({ length: values.length / SIZE }, (_, i) => ({
    values: values.subarray(i * SIZE, (i + 1) * SIZE),
    width: SIDE,
    height: SIDE,
  }));

/** Standard deviations of a latent that ink shows as black. */
const SPREAD = 2.5;

/** Latents `[n, 4, 7, 7]` as pictures: the four channels as four tiles. */
export function latentPictures(x: Float32Array): Picture[] {
  const side = 7;
  const each = 4 * side * side;
  return Array.from({ length: x.length / each }, (_, n) => {
    const values = new Float32Array(each);
    for (let i = 0; i < each; i++) {
      const [channel, at] = [Math.floor(i / (side * side)), i % (side * side)];
      const row = Math.floor(channel / 2) * side + Math.floor(at / side);
      const column = (channel % 2) * side + (at % side);
      values[row * 2 * side + column] = x[n * each + i] / SPREAD;
    }
    return { values, width: 2 * side, height: 2 * side };
  });
}

/** A film with one more moment. */
export function withMoment(film: Film, { step, t, x, clean }: Moment): Film {
  const noisy = film.settings.model === "latent" ? latentPictures(x) : picturesOf(x);
  const estimates = picturesOf(clean);
  const moments = [...film.moments, { step, t, noisy, clean: estimates }];
  return { ...film, moments, pictures: estimates };
}

/** The strip of one sample. */
export const stripOf = ({ moments }: Film, sample: number): FilmMoment[] =>
  moments.flatMap(({ t, noisy, clean }) =>
    noisy[sample] ? [{ noisy: noisy[sample], clean: clean[sample], label: `t = ${t}` }] : [],
  );
