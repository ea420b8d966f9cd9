import { levelOfValue, type Picture } from "@gen/figures";
import { keepSetting, readSetting } from "../../storage.ts";
import type { Film } from "./film.ts";
import { momentRows } from "./moment-rows.ts";
import { applyTo, type Settings, usual } from "./settings.ts";
import stillsUrl from "./stills.png";

/*
 * Films in 8 bits: the one that the page opens with, and the reader's last one, which a reload brings
 * back. A sheet has a row for each sample: its moments' x, then its moments' clean estimates.
 */

const name = "images.film";
/** The largest kept film, in characters. */
const MOST = 1_000_000;

/** The last moment's clean estimates are the pictures, as the last step ends at level 0. */
function filmOf(
  settings: Settings,
  moments: readonly { readonly step: number; readonly t: number }[],
  pictureAt: (sample: number, column: number) => Picture,
): Film {
  const samples = Array.from({ length: settings.count }, (_, i) => i);
  const filled = moments.map(({ step, t }, m) => ({
    step,
    t,
    noisy: samples.map((i) => pictureAt(i, m)),
    clean: samples.map((i) => pictureAt(i, moments.length + m)),
  }));
  return { settings, moments: filled, pictures: filled[filled.length - 1]?.clean ?? [] };
}

const numberOfLevel = (level: number) => level / 127.5 - 1;

/** The moments of the usual settings: DDIM's steps, spaced from the last time step down. */
export const openingMoments = momentRows(usual.steps).map((row) => ({
  step: row + 1,
  t: Math.round(1000 * (1 - row / usual.steps)) - 1,
}));

/** The film of the usual settings, as `image-models.test.ts` draws it. */
export async function openingFilm(): Promise<Film> {
  const image = new Image();
  image.src = stillsUrl;
  await image.decode();
  const { width, height } = image;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context?.drawImage(image, 0, 0);
  const side = height / usual.count;
  return filmOf(usual, openingMoments, (sample, column) => {
    const pixels = context?.getImageData(column * side, sample * side, side, side).data ?? [];
    const values = Float32Array.from({ length: side * side }, (_, i) =>
      numberOfLevel(pixels[4 * i]),
    );
    return { values, width: side, height: side };
  });
}

/** Keeps a finished film. A browser without room keeps none. */
export function keepFilm({ settings, moments }: Film): void {
  const levels = (pictures: readonly Picture[]) =>
    pictures.map(({ values, width }) => ({
      width,
      levels: btoa(String.fromCharCode(...Array.from(values, levelOfValue))),
    }));
  const kept = moments.map(({ step, t, noisy, clean }) => ({
    step,
    t,
    noisy: levels(noisy),
    clean: levels(clean),
  }));
  const value = { settings, moments: kept };
  if (JSON.stringify(value).length <= MOST) keepSetting(name, value);
}

interface KeptPicture {
  readonly width: number;
  readonly levels: string;
}
interface KeptFilm {
  readonly settings: Record<string, unknown>;
  readonly moments: readonly {
    readonly step: number;
    readonly t: number;
    readonly noisy: readonly KeptPicture[];
    readonly clean: readonly KeptPicture[];
  }[];
}

/** The kept film; undefined if there is none that can be read. */
export function keptFilm(): Film | undefined {
  try {
    const { settings: given, moments } = readSetting(name) as KeptFilm;
    const settings = { ...usual };
    if (applyTo(settings, given).length > 0 || moments.length === 0) return undefined;
    return filmOf(settings, moments, (sample, column) => {
      const { noisy, clean } = moments[column % moments.length];
      const { width, levels } = (column < moments.length ? noisy : clean)[sample];
      const values = Float32Array.from(atob(levels), (c) => numberOfLevel(c.charCodeAt(0)));
      return { values, width, height: values.length / width };
    });
  } catch {
    return undefined;
  }
}
