/** Limits on a file of points. */
const limits = { bytes: 4 * 2 ** 20, points: 50_000 };

/** The first two cells of a line. */
const CELLS = /^[,;\t ]*([^,;\t ]+)[,;\t ]+([^,;\t ]+)/;

/**
 * The points of a CSV file, `[n, 2]`: the first two numbers of each line. Undefined if the file is
 * too large or has fewer than three points.
 */
export async function readPoints(file: Blob): Promise<Float64Array | undefined> {
  if (file.size > limits.bytes) return undefined;
  const points: number[] = [];
  for (const line of linesOf(await file.text())) {
    const [, x, y] = CELLS.exec(line) ?? [];
    if (y === undefined || !Number.isFinite(Number(x)) || !Number.isFinite(Number(y))) continue;
    // Larger numbers have no finite differences.
    if (Math.max(Math.abs(Number(x)), Math.abs(Number(y))) > 1e300) continue;
    points.push(Number(x), Number(y));
    if (points.length === 2 * limits.points) break;
  }
  return points.length < 6 ? undefined : Float64Array.from(points);
}

/** The lines of a text, one at a time: a list of millions would take many times its memory. */
function* linesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf("\n", at);
    const end = found < 0 ? text.length : found;
    yield text.slice(at, end > at && text[end - 1] === "\r" && found >= 0 ? end - 1 : end);
    at = end + 1;
  }
}
