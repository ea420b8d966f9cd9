import { readSchedulerConfig } from "@gen/schedules";
import { expect, test } from "vitest";
import {
  type Case,
  caseClasses,
  casesOf,
  optionsOf,
  run,
} from "../../../tooling/fixtures/class-cases.ts";
import { schedulerSteps } from "../src/index.ts";

/** What the default refuses; the class divides by zero there or goes on with sigma 4096. */
const REFUSED = /starts without (signal|noise)|at zero signal does not determine x0/;

test.each(caseClasses)("%s: a table without a note is the class", (name) => {
  const cases = casesOf(name).filter(({ error }) => error === undefined);
  expect(cases.length).toBeGreaterThan(0);
  const apart = cases
    .map((one) => ({ config: one.config, options: one.options, ...compared(name, one) }))
    .filter(({ gap, notes }) => notes.length === 0 && !(gap < 1e-11));
  expect(apart).toEqual([]);
});

/** How far the default is from the class, and the notes that say why. */
function compared(className: string, { config, options, ...theirs }: Case) {
  let table: ReturnType<typeof schedulerSteps>;
  try {
    const scheduler = readSchedulerConfig({ _class_name: className, ...config });
    table = schedulerSteps(scheduler, optionsOf(options));
  } catch (error) {
    const { message } = error as Error;
    expect(message).toMatch(REFUSED);
    return { gap: Number.NaN, notes: [message] };
  }
  const { steps, clip, initialScale, sigmas = theirs.sigmas, notes } = table;
  const times = steps.map(({ t }) => t);
  const gap = Math.max(
    gapOf(run(steps, clip, initialScale), theirs.sample),
    gapOf(times, theirs.timesteps),
    gapOf(sigmas, theirs.sigmas),
  );
  return { gap, notes };
}

/** The largest difference, relative to the largest number or 1. */
function gapOf(got: readonly number[] = [], wanted: readonly number[] = []): number {
  if (got.length !== wanted.length) return Number.POSITIVE_INFINITY;
  const size = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  return got.reduce((most, v, i) => Math.max(most, Math.abs(v - wanted[i]) / size), 0);
}
