import type { SchedulerConfig } from "@gen/schedules";

/** What a scheduler's config says that {@link schedulerSteps} does not heed, in lines for people. */
export function schedulerNotes({ className, unknown }: SchedulerConfig): string[] {
  if (unknown.length === 0) return [];
  return [`fields that ${className} does not have are passed over: ${unknown.join(", ")}`];
}
