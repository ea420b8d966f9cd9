export { createClock, HOLD, type Motion, RUN } from "./clock.ts";
export { exactDenoiser } from "./exact-denoiser.ts";
export { drawField } from "./field.ts";
export { type Draw, figureCanvas } from "./figure-canvas.ts";
export {
  drawFilm,
  drawPicture,
  type FilmMoment,
  filmLayout,
  levelOfValue,
  type Picture,
} from "./film.ts";
export { levelOf, logSnrAt, positionOf, stillLogSnrs } from "./log-snr.ts";
export { type Letter, type Palette, readPalette } from "./palette.ts";
export { frameAt, tracePaths } from "./paths.ts";
export { drawRiver, riverMargin } from "./river.ts";
export { drawStage, drawStills } from "./stage.ts";
export { type Surface, svgSurface } from "./surface.ts";
