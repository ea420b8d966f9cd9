// @ts-check
/** Reads every table of a schedule, each of which is made when first read. @param {import("@gen/schedules").NoiseSchedule} schedule */
export const allTables = (schedule) => [
  schedule.betas,
  schedule.alphas,
  schedule.alphasCumprod,
  schedule.alphasCumprodPrev,
  schedule.sqrtAlphasCumprod,
  schedule.sqrtOneMinusAlphasCumprod,
  schedule.sqrtRecipAlphasCumprod,
  schedule.sigmas,
  schedule.snr,
  schedule.logSnr,
  schedule.posteriorVariance,
  schedule.posteriorLogVarianceClipped,
  schedule.posteriorMeanX0,
  schedule.posteriorMeanX,
];
