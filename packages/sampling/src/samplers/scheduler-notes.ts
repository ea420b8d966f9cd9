import type { SchedulerConfig } from "@gen/schedules";

/** What a scheduler's config says that {@link schedulerSteps} does not heed, in lines for people. */
export function schedulerNotes({
  className,
  unknown,
  notBuilt,
  settings,
}: SchedulerConfig): string[] {
  const lines: string[] = [];
  if (unknown.length > 0) {
    lines.push(`fields that ${className} does not have are passed over: ${unknown.join(", ")}`);
  }
  // Its schedule is a flow's, but the steps are spaced as others are.
  const flow = settings.use_flow_sigmas === true ? ["use_flow_sigmas"] : [];
  const passed = [...flow, ...notBuilt].map((name) => `${name} ${JSON.stringify(settings[name])}`);
  if (passed.length > 0) {
    lines.push(`${className} is sampled without ${passed.join(", ")}`);
  }
  if (className === "PNDMScheduler") {
    lines.push("PNDMScheduler is no sampler here; ddim is taken unless another is named");
  }
  return lines;
}
