// Limits on names of dimensions.

/** The most names in one dimension, such as 3 in `2*a*a*b`. */
export const MAX_DIM_NAMES = 32;

/** The most letters of all names in one dimension. */
export const MAX_DIM_LETTERS = 4096;
