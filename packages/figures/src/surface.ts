/** The part of a 2-D canvas that figures draw with. {@link svgSurface} has the same part. */
export interface Surface {
  fillStyle: string | CanvasGradient | CanvasPattern;
  strokeStyle: string | CanvasGradient | CanvasPattern;
  lineWidth: number;
  globalAlpha: number;
  font: string;
  textAlign: CanvasTextAlign;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  stroke(): void;
  fill(): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
}

/** The place of a drawing, in CSS pixels. */
export interface Box {
  readonly width: number;
  readonly height: number;
  /** @defaultValue 0 */
  readonly left?: number;
  /** @defaultValue 0 */
  readonly top?: number;
}

const anchors: Partial<Record<CanvasTextAlign, string>> = { center: "middle", right: "end" };
const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const short = (v: number) => String(Math.round(v * 100) / 100);

/** A surface that writes an SVG file. */
export function svgSurface({ width, height }: Box): Surface & { svg(): string } {
  let parts: string[] = [];
  let path = "";
  // Rectangles of one color and opacity are one path.
  let squares = { attributes: "", path: "" };
  const flush = () => {
    if (squares.path) parts.push(`<path ${squares.attributes} d="${squares.path}"/>`);
    squares = { attributes: "", path: "" };
  };
  const filled = () =>
    `fill="${escaped(String(surface.fillStyle))}" fill-opacity="${short(surface.globalAlpha)}"`;
  const surface = {
    fillStyle: "#000" as Surface["fillStyle"],
    strokeStyle: "#000" as Surface["strokeStyle"],
    lineWidth: 1,
    globalAlpha: 1,
    font: "12px sans-serif",
    textAlign: "left" as CanvasTextAlign,
    beginPath() {
      path = "";
    },
    moveTo(x: number, y: number) {
      path += `M${short(x)} ${short(y)}`;
    },
    lineTo(x: number, y: number) {
      path += `L${short(x)} ${short(y)}`;
    },
    stroke() {
      flush();
      const { strokeStyle, globalAlpha, lineWidth } = surface;
      parts.push(
        `<path fill="none" stroke="${escaped(String(strokeStyle))}" stroke-opacity="${short(globalAlpha)}" stroke-width="${short(lineWidth)}" d="${path}"/>`,
      );
    },
    fill() {
      flush();
      parts.push(`<path ${filled()} d="${path}"/>`);
    },
    fillRect(x: number, y: number, w: number, h: number) {
      const attributes = filled();
      if (attributes !== squares.attributes) flush();
      squares.attributes = attributes;
      squares.path += `M${short(x)} ${short(y)}h${short(w)}v${short(h)}h${short(-w)}z`;
    },
    fillText(text: string, x: number, y: number) {
      flush();
      const anchor = anchors[surface.textAlign] ?? "start";
      const style = `fill="${escaped(String(surface.fillStyle))}" style="font:${escaped(surface.font)}" text-anchor="${anchor}"`;
      parts.push(`<text x="${short(x)}" y="${short(y)}" ${style}>${escaped(text)}</text>`);
    },
    svg() {
      flush();
      const body = parts.join("\n");
      parts = [body];
      return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">\n${body}\n</svg>\n`;
    },
  };
  return surface;
}
