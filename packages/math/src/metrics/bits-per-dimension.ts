/** Converts the negative log likelihood of `dimensions` numbers from nats to bits per dimension. */
export function bitsPerDimension(nats: number, dimensions: number): number {
  return nats / (dimensions * Math.LN2);
}
