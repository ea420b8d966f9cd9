/** A negative log likelihood in nats of `dimensions` numbers, as bits per dimension. */
export function bitsPerDimension(nats: number, dimensions: number): number {
  return nats / (dimensions * Math.LN2);
}
