import { rules } from "@gen/math/arguments";

const orNull = (rule: (typeof rules)["TEXT"]) =>
  rules.optional(rules.either(rule, rules.oneOf(null)));

/** What a scheduler's config may be, read from a file or made by hand. */
export const SCHEDULER = rules.having(
  "a scheduler { schedule }, such as readSchedulerConfig gives",
  {
    schedule: rules.having("a noise schedule, such as linearSchedule gives", {
      length: rules.COUNT,
      level: rules.FUNCTION,
      spec: rules.OBJECT,
    }),
    className: rules.optional(rules.TEXT),
    predictionType: rules.optional(rules.PREDICTS),
    clip: orNull(rules.POSITIVE_FINITE),
    thresholding: orNull(rules.OBJECT),
    spacing: rules.optional(rules.oneOf("leading", "trailing", "linspace")),
    offset: rules.optional(rules.INTEGER),
    varianceType: orNull(rules.TEXT),
    flow: orNull(rules.OBJECT),
    stochastic: rules.optional(rules.FLAG),
    settings: rules.optional(rules.OBJECT),
    config: rules.optional(rules.OBJECT),
    unknown: rules.optional(rules.listOf(rules.TEXT)),
  },
);
