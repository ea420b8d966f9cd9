/** Limits on a file of points. */
const limits = { bytes: 4 * 2 ** 20, points: 50_000 };

/**
 * The points of a CSV file, `[n, 2]`: the first two numbers of each line. Undefined if the file is
 * too large or has fewer than three points.
 */
export async function readPoints(file: Blob): Promise<Float64Array | undefined> {
  if (file.size > limits.bytes) return undefined;
  const points: number[] = [];
  for (const line of (await file.text()).split(/\r?\n/)) {
    const [x, y] = line.split(/[,;\t ]+/).filter((cell) => cell !== "");
    if (y === undefined || !Number.isFinite(Number(x)) || !Number.isFinite(Number(y))) continue;
    // Larger numbers have no finite differences.
    if (Math.max(Math.abs(Number(x)), Math.abs(Number(y))) > 1e300) continue;
    points.push(Number(x), Number(y));
    if (points.length === 2 * limits.points) break;
  }
  return points.length < 6 ? undefined : Float64Array.from(points);
}
