/** The largest seed of a random stream. */
export const maxSeed = 2 ** 32 - 1;
