/** The largest absolute value of data. Sampling clips its clean estimates there. */
export const boundOf = (data: Float32Array): number =>
  data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
