export { classColors } from "./class-colors.ts";
export { createClock, HOLD, type Motion, RUN } from "./clock.ts";
export { type CurvesPicture, drawCurves } from "./curves.ts";
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
export { frameAt } from "./frame-at.ts";
export {
  drawFrontier,
  drawSample,
  type FrontierLine,
  type FrontierPoint,
  type LineStyle,
  lineAt,
} from "./frontier.ts";
export {
  classTerms,
  type LabeledMixture,
  type LabeledPoints,
  likelyClass,
  mixturePoints,
  pullsAt,
} from "./labeled-mixture.ts";
export {
  drawLatentMarks,
  drawLatentPlane,
  drawPixels,
  latentGrid,
  latentView,
  type Pictures,
} from "./latent-plane.ts";
export { levelOf, logSnrAt, positionOf, stillLogSnrs } from "./log-snr.ts";
export { drawMosaic, mosaicTiles } from "./mosaic.ts";
export { drawMoves } from "./moves.ts";
export { type Letter, type Palette, readPalette } from "./palette.ts";
export { tracePaths } from "./paths.ts";
export type { Region } from "./regions.ts";
export { drawRiver, riverMargin } from "./river.ts";
export { drawScaleCurve } from "./scale-curve.ts";
export { drawStage, drawStills } from "./stage.ts";
export {
  type Arrows,
  arrowGrid,
  drawArrows,
  drawClassPoints,
  drawDensity,
  halves,
  shadedRegions,
} from "./steer.ts";
export { type Box, type Surface, svgSurface } from "./surface.ts";
export { drawPoints, type Guidance, tiltedDensity } from "./tilted.ts";
export { drawTriangle, type TrianglePicture, triangleCorner } from "./triangle.ts";
