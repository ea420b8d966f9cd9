import { linearSchedule } from "@gen/schedules";

/** The noise that the room trains and samples with: the linear schedule of 1000 steps. */
export const schedule = linearSchedule();
