import { rules } from "@gen/math/arguments";

/** The options that schedules have in common. */
export const scheduleRules = {
  steps: rules.optional(rules.COUNT),
  setAlphaToOne: rules.optional(rules.FLAG),
  rescaleBetasZeroSnr: rules.optional(rules.FLAG),
};
