import { ddimSteps } from "@gen/ddim";
import { schedule } from "../points/schedule.ts";
import { steps } from "./race-api.ts";

/**
 * The table of DDIM that each runtime runs. Where the clean estimate is clipped, it keeps the
 * network's epsilon, as diffusers does: so the saved folder ends on the same points.
 */
export const raceSteps = () =>
  ddimSteps(schedule, { steps, spacing: "trailing", keepEpsilon: true });
