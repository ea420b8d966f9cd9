import { ArgumentError, shown } from "@gen/math/arguments";
import { checkOptions, ON_OR_OFF } from "./check-options.ts";
import { checkPath } from "./check-path.ts";
import { lambdaUpdate } from "./lambda-update.ts";
import type { KeptCoefficients, Step, Transition } from "./step.ts";
import { FALLS, type Path, transitionsOf } from "./trajectory.ts";
import {
  lambdaOf,
  ofPresent,
  rowOf,
  type SolverForm,
  type SolverOptions,
  type Update,
} from "./update.ts";

/** How {@link dpmSolverSteps} goes. */
export interface DpmSolverOptions extends SolverOptions {
  /** 1, 2 or 3. Order 1 is DDIM. @defaultValue 2 */
  readonly order?: 1 | 2 | 3;
  /**
   * `multistep` takes the slopes from earlier rows; `singlestep` from rows of its own,
   * which it spends in groups of `order` moves.
   * @defaultValue "multistep"
   */
  readonly method?: "multistep" | "singlestep";
  /** How many moves each group of `singlestep` has. @defaultValue `order`, fewer at the end */
  readonly groups?: readonly number[];
  /** DPM-Solver++ extrapolates the clean sample (`data`), DPM-Solver the noise. @defaultValue "data" */
  readonly form?: SolverForm;
  /** Adds fresh noise: the solver of the stochastic equation. @defaultValue false */
  readonly sde?: boolean;
  /**
   * How order 2 weighs its slope.
   * @defaultValue "midpoint"; "heun" for order 2 of `singlestep`, which comes nearer (0.42 of DDIM's
   * distance against 0.50 in 20 calls, two moons, 2026-11-29)
   */
  readonly slope?: "midpoint" | "heun";
  /** Lowers the order of the last moves, which steadies short runs. @defaultValue below 15 moves */
  readonly lowerOrderFinal?: boolean;
  /** Gives the last move of `multistep` order 1. @defaultValue false */
  readonly eulerAtFinal?: boolean;
  /**
   * `authors`: the published code where it differs. Order 3 of `multistep` takes half of D2 there,
   * which leaves it at order 2; order 3 of `singlestep` with `midpoint` takes the slope between its
   * first and latest estimate, and no D2. `diffusers`: the same, and with `sde` a wrong sign in D2's
   * weight, which is lower by 1.
   * @defaultValue the published method
   */
  readonly compat?: "authors" | "diffusers";
}

/**
 * DPM-Solver++ (Lu et al. 2022, algorithms 1 and 2; with `sde`, their appendix on SDEs): the flow
 * in lambda = log(signal / noise), solved exactly but for the clean estimate, which is taken as a
 * polynomial of degree order - 1. `form: "noise"` takes the noise so: DPM-Solver (Lu et al. 2022a,
 * section 3.2).
 *
 * With `h = lambda' - lambda`, H = h (2h with `sde`), e = 1 - exp(-H) and the estimate's Taylor
 * terms D0, D1, D2: `x' = noise'/noise exp(h - H) x + signal' (e D0 + (1 - e/H) D1 + (1/2 - (H -
 * e)/H^2) D2) + noise' sqrt(e) z`, z only with `sde`; `midpoint` has e/2 in place of 1 - e/H. D2
 * is h^2 times the second derivative throughout, as in the authors' singlestep code, so that order 3
 * is order 3; see `compat` for their multistep code. A move to the clean level, where lambda has no
 * end, has order 1.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, order, method and prediction type. Default: every training step, order 2,
 * multistep.
 * @throws RangeError when an option is not as described, or groups do not have as many moves as the
 * path.
 */
export function dpmSolverSteps(path: Path, options: DpmSolverOptions = {}): Step[] {
  checkPath(path, options);
  const { order = 2, method = "multistep", form, predicts } = options;
  checkOptions(options, {
    order: [1, 2, 3],
    method: ["multistep", "singlestep"],
    form: ["data", "noise"],
    slope: ["midpoint", "heun"],
    sde: ON_OR_OFF,
    lowerOrderFinal: ON_OR_OFF,
    eulerAtFinal: ON_OR_OFF,
    compat: ["authors", "diffusers"],
  });
  const moves = transitionsOf(path, options, FALLS[method]);
  const lowers = options.lowerOrderFinal ?? moves.length < 15;
  if (method === "singlestep") {
    const sizes =
      options.groups ?? groupSizes(moves.length, order, lowers, moves[0].from.signal === 0);
    return groupsOf(moves, sizes).flatMap((group) => single(group, options));
  }
  const lambdas = moves.map(({ from }) => lambdaOf(from));
  const update = updateOf(options, options.compat ? 0.5 : 1);
  return moves.map((move, i) => {
    // Slopes need earlier lambdas that are finite; zero signal has none.
    const known = lambdas.slice(0, i + 1).filter(Number.isFinite).length;
    const end = i === moves.length - 1 && options.eulerAtFinal ? 1 : order;
    const left = lowers ? moves.length - i : order;
    const at = Math.max(Math.min(end, known, left), 1);
    const latest = lambdas.slice(i + 1 - at, i + 1).reverse();
    return rowOf(move, update(move.from, move.to, latest), predicts, form);
  });
}

/** {@link lambdaUpdate} with the solver's weights; `curve` multiplies D2. */
function updateOf(options: DpmSolverOptions, curve: number, halves = options.slope !== "heun") {
  const { form, sde = false, compat } = options;
  const missed = sde && compat === "diffusers" ? 1 : 0;
  return (from: Transition["from"], to: Transition["to"], lambdas: readonly number[]): Update =>
    lambdaUpdate(from, to, lambdas, {
      form,
      tau: sde ? 1 : 0,
      weigh(factor, d, H) {
        if (d === 1 && halves && lambdas.length === 2) return -Math.expm1(-H) / 2;
        return d === 2 ? curve * (factor - missed) : factor;
      },
    });
}

/**
 * The sizes of the groups that `count` moves make: `order`, smaller ones at the end where lowered.
 * A first move from a level without signal (`silent`), where lambda has no beginning, stands alone.
 */
export function groupSizes(
  count: number,
  order: number,
  lowers: boolean,
  silent = false,
): readonly number[] {
  const sizes: number[] = [];
  let left = count;
  while (left > 0) {
    let size = silent && left === count ? 1 : Math.min(order, left);
    // The last move stands alone, as one to the clean level has to.
    if (lowers && size === left && size === order && size > 1) size -= 1;
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

function groupsOf(moves: readonly Transition[], sizes: readonly number[]): Transition[][] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== moves.length) {
    throw new ArgumentError(`groups must have ${moves.length} moves together, got ${shown(total)}`);
  }
  let at = 0;
  return sizes.map((size) => {
    at += size;
    return moves.slice(at - size, at);
  });
}

const KEEPS_X0: KeptCoefficients = { x0: 1, x: 0, prediction: 0 };
const KEEPS_X: KeptCoefficients = { x0: 0, x: 1, prediction: 0 };

/** The rows of one group: each goes from the group's first level, by all estimates since then. */
function single(group: readonly Transition[], options: DpmSolverOptions): Step[] {
  const { order = 2, sde, compat, predicts, form } = options;
  const { slope = order === 2 && !compat ? "heun" : "midpoint" } = options;
  const start = group[0].from;
  const ends = slope === "midpoint" && compat !== undefined;
  let present: Update = { x: 1, estimates: [] };
  const lambdas: number[] = [];
  return group.map((move, i) => {
    if (i > 0) lambdas.unshift(lambdaOf(move.from));
    if (move.to.noise === 0) {
      return rowOf(move, lambdaUpdate(move.from, move.to, [0], { form }), predicts, form);
    }
    const halves = slope === "midpoint" && i === 1;
    const others = ends ? lambdas.slice(0, 1) : lambdas;
    const update = updateOf(options, 1, halves)(start, move.to, [lambdaOf(start), ...others]);
    const [first, ...rest] = update.estimates;
    // In the list of estimates the one at the group's start is the oldest.
    const between = new Array<number>(i - rest.length).fill(0);
    const target = { ...update, estimates: [...rest, ...between, first] };
    const before = present;
    present = target;
    if (!sde) return rowOf(move, i === 0 ? target : ofPresent(target, before), predicts, form);
    // The noise of the rows between is left behind: x is again that of the group's start.
    if (i > 0) {
      const estimates = [...target.estimates, target.x];
      return rowOf(move, { ...target, x: 0, estimates }, predicts, form);
    }
    const row = rowOf(move, target, predicts, form);
    return group.length > 1 ? { ...row, keeps: [row.keeps ?? KEEPS_X0, KEEPS_X] } : row;
  });
}
