import { linearSchedule } from "@gen/schedules";

/** The noise schedule of the points page: linear, 1000 steps. */
export const schedule = linearSchedule();
