import { ArgumentError, shown } from "@gen/math/arguments";
import { checkPath } from "./check-path.ts";
import { type Step, stepTable, type Transition } from "./step.ts";
import { type Path, transitionsOf } from "./trajectory.ts";
import type { SolverOptions } from "./update.ts";

/** How {@link resampledSteps} goes back and forth. */
export interface ResampledOptions extends SolverOptions {
  /** Moves between one going back and the next. @defaultValue 10 */
  readonly jump?: number;
  /** How often each stretch of so many moves is gone through. @defaultValue 10 */
  readonly times?: number;
  /** Fresh noise, from 0 (DDIM) to 1 (DDPM). @defaultValue 1 */
  readonly eta?: number;
}

/**
 * RePaint's table (Lugmayr et al. 2022, section 4.2): each stretch of moves is gone through several
 * times, going back by the forward process in between, so that a filled-in region comes to agree
 * with a known one.
 *
 * Going back costs no evaluation: it is joined with the row before it, `x' = r (row) + s z` with
 * `r = start.signal / end.signal`, `s^2 = start.noise^2 - (r end.noise)^2`. Guidance in the mean form
 * would take that for the variance of the step: use the score form here.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Moves, how far and how often to go back, eta, and prediction type.
 * @throws RangeError when jump or times is no positive integer, or eta is outside [0, 1].
 */
export function resampledSteps(path: Path, options: ResampledOptions = {}): Step[] {
  checkPath(path, options);
  const { jump = 10, times = 10, eta = 1, predicts } = options;
  for (const [name, value] of Object.entries({ jump, times })) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new ArgumentError(`${name} must be a positive integer, got ${shown(value)}`);
    }
  }
  const moves = transitionsOf(path, options);
  const steps: Step[] = [];
  for (let at = 0; at < moves.length; at += jump) {
    const stretch = moves.slice(at, at + jump);
    const rows = stepTable(stretch, { eta, predicts });
    const back = [...rows.slice(0, -1), goneBack(rows[rows.length - 1], stretch)];
    for (let k = 1; k < times; k++) steps.push(...back);
    steps.push(...rows);
  }
  return steps;
}

function goneBack(row: Step, stretch: readonly Transition[]): Step {
  const [start, end] = [stretch[0].from, stretch[stretch.length - 1].to];
  const ratio = start.signal / end.signal;
  const { x0, x, prediction, noise } = row.next;
  const fresh = Math.max(start.noise ** 2 - (ratio * end.noise) ** 2, 0);
  return {
    ...row,
    next: {
      x0: ratio * x0,
      x: ratio * x,
      prediction: ratio * prediction,
      noise: Math.hypot(ratio * noise, Math.sqrt(fresh)),
    },
  };
}
