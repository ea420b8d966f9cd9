/** `steps` equally spaced numbers from start to end, counted from the nearer end. */
export function linspace(start: number, end: number, steps: number): Float64Array {
  const gap = (end - start) / (steps - 1);
  const out = new Float64Array(steps);
  for (let i = 0; i < steps; i++) {
    out[i] = i < steps / 2 ? start + gap * i : end - gap * (steps - 1 - i);
  }
  if (steps === 1) out[0] = start;
  return out;
}

/** A count of steps, or an error that says what is allowed. */
export function stepCount(steps: number): number {
  if (Number.isInteger(steps) && steps >= 1) return steps;
  throw new RangeError(`steps must be a positive integer, got ${steps}`);
}
