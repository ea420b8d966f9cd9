/**
 * Converts the negative log likelihood of `dimensions` numbers from nats to bits per dimension.
 *
 * @param nats The negative log likelihood of one item, in nats.
 * @param dimensions How many numbers one item has.
 */
export function bitsPerDimension(nats: number, dimensions: number): number {
  return nats / (dimensions * Math.LN2);
}
