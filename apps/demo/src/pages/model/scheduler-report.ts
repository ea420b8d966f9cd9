import { defaultSampler, schedulerSteps } from "@gen/sampling";
import { readSchedulerConfig, type SchedulerConfig } from "@gen/schedules";
import type { SchedulerField, SchedulerReport } from "./model-work.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The most fields that are listed, and the most that are looked for among the refused. */
const MAX_FIELDS = 100;
const MAX_REFUSED = 8;

/**
 * What is understood of each field of a scheduler_config.json. A refused field is one without which
 * the config is read, or is refused for another reason.
 */
export function schedulerReport(fields: Fields): SchedulerReport {
  const refused = new Map<string, string>();
  let left = fields;
  let reading = readConfig(left);
  while (reading.reason !== undefined && refused.size < MAX_REFUSED) {
    const { reason } = reading;
    const cause = Object.keys(left)
      .slice(0, MAX_FIELDS)
      .find((name) => readConfig(without(left, name)).reason !== reason);
    if (cause === undefined) break;
    refused.set(cause, reason);
    left = without(left, cause);
    reading = readConfig(left);
  }
  const { config } = reading;
  const stateOf = (name: string): SchedulerField["state"] => {
    if (refused.has(name)) return "refused";
    if (name.startsWith("_") && name !== "_class_name") return "label";
    if (!config) return "unread";
    return config.unknown.includes(name) ? "ignored" : "followed";
  };
  return {
    className: textOf(fields._class_name),
    ...(config &&
      refused.size === 0 && {
        sampler: defaultSampler(config),
        predicts: config.predictionType,
      }),
    ...(refused.size === 0 && { problem: reading.reason }),
    fields: Object.entries(fields)
      .slice(0, MAX_FIELDS)
      .map(([name, value]) => ({
        name: name.slice(0, 60),
        value: textOf(value),
        state: stateOf(name),
        reason: refused.get(name),
      })),
    defaults: config
      ? Object.keys(config.settings).filter((name) => !Object.hasOwn(fields, name))
      : [],
  };
}

const without = (fields: Fields, name: string): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));

/** A config, or why it is refused: when it is read, or when its table of steps is made. */
function readConfig(fields: Fields): { config?: SchedulerConfig; reason?: string } {
  try {
    const config = readSchedulerConfig(fields);
    schedulerSteps(config, { steps: Math.min(4, config.schedule.length), imageLength: 16 });
    return { config };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

const textOf = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};
