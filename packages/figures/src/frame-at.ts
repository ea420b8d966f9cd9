/** The frame at a position in [0, 1], on straight lines between the traced frames. */
export function frameAt(frames: readonly Float32Array[], steps: number, at: number): Float32Array {
  const place = Math.min(Math.max(at, 0) * steps, frames.length - 1);
  const before = Math.floor(place);
  const share = place - before;
  if (share === 0) return frames[before];
  const next = frames[before + 1];
  return frames[before].map((v, i) => v + share * (next[i] - v));
}
