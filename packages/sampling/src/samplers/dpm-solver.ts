import type { Step, Transition } from "./step.ts";
import { type Path, transitionsOf } from "./trajectory.ts";
import { lambdaOf, ofPresent, rowOf, type SolverOptions, type Update } from "./update.ts";

/** How {@link dpmSolverSteps} goes. */
export interface DpmSolverOptions extends SolverOptions {
  /** 1, 2 or 3. Order 1 is DDIM. @defaultValue 2 */
  readonly order?: 1 | 2 | 3;
  /**
   * `multistep`, the default, takes the slopes from earlier rows; `singlestep` from rows of its own,
   * which it spends in groups of `order` moves.
   */
  readonly method?: "multistep" | "singlestep";
  /** Adds fresh noise: the solver of the stochastic equation; multistep only. @defaultValue false */
  readonly sde?: boolean;
  /** How order 2 weighs its slope: `midpoint` (the default) or `heun`. */
  readonly slope?: "midpoint" | "heun";
  /** Lowers the order of the last moves, which steadies short runs. @defaultValue below 15 moves */
  readonly lowerOrderFinal?: boolean;
  /**
   * Reproduces diffusers, and the authors' own code, where they differ: order 3 of `multistep` takes
   * half of D2 there, which leaves it at order 2.
   */
  readonly compat?: "diffusers";
}

/**
 * DPM-Solver++ (Lu et al. 2022, algorithms 1 and 2; with `sde`, their appendix on SDEs): the flow
 * in lambda = log(signal / noise), solved exactly but for the clean estimate, which is taken as a
 * polynomial of degree order - 1.
 *
 * With `h = lambda' - lambda`, H = h (2h with `sde`), e = 1 - exp(-H) and the estimate's Taylor
 * terms D0, D1, D2: `x' = noise'/noise exp(h - H) x + signal' (e D0 + (1 - e/H) D1 + (1/2 - (H -
 * e)/H^2) D2) + noise' sqrt(e) z`, z only with `sde`; `midpoint` has e/2 in place of 1 - e/H. D2
 * is h^2 times the second derivative throughout, as in the authors' singlestep code, so that order 3
 * is order 3; see `compat` for their multistep code. A move to the clean level, where lambda has no end, has
 * order 1.
 *
 * @throws RangeError when order is not 1, 2 or 3, or `sde` is asked of singlestep.
 */
export function dpmSolverSteps(path: Path, options: DpmSolverOptions = {}): Step[] {
  const { order = 2, method = "multistep", sde = false, slope = "midpoint", predicts } = options;
  if (order !== 1 && order !== 2 && order !== 3) {
    throw new RangeError(`order must be 1, 2 or 3, got ${String(order)}`);
  }
  if (sde && method === "singlestep") {
    throw new RangeError("method must be multistep where sde is true, got singlestep");
  }
  const moves = transitionsOf(path, options);
  const lowers = options.lowerOrderFinal ?? moves.length < 15;
  if (method === "singlestep") {
    return groups(moves, order, lowers).flatMap((group) => single(group, slope, predicts));
  }
  const lambdas = moves.map(({ from }) => lambdaOf(from));
  const curve = options.compat === "diffusers" ? 0.5 : 1;
  return moves.map((move, i) => {
    // Slopes need earlier lambdas that are finite; zero signal has none.
    const known = lambdas.slice(0, i + 1).filter(Number.isFinite).length;
    const left = lowers ? moves.length - i : order;
    const at = Math.max(Math.min(order, known, left), 1);
    const earlier = lambdas.slice(i + 1 - at, i).reverse();
    return rowOf(move, update(move.from, move, earlier, { sde, slope, curve }), predicts);
  });
}

interface Form {
  readonly sde: boolean;
  readonly slope: "midpoint" | "heun";
  /** What D2 is multiplied by. */
  readonly curve: number;
}

/**
 * A move from `start` to `to` by the estimates at `lambdas`. Those come after the one at `start`
 * in the list of estimates where they are earlier (multistep).
 */
function update(
  start: Transition["from"],
  { to }: Pick<Transition, "to">,
  lambdas: readonly number[],
  { sde, slope, curve }: Form,
): Update {
  if (to.noise === 0) return { x: 0, estimates: [to.signal] };
  const h = lambdaOf(to) - lambdaOf(start);
  const H = sde ? 2 * h : h;
  const e = -Math.expm1(-H);
  const factors = [
    e,
    slope === "midpoint" && lambdas.length === 1 ? e / 2 : 1 - e / H,
    curve * (0.5 - (H - e) / (H * H)),
  ];
  const slopes = taylor(lambdas.map((lambda) => (lambda - lambdaOf(start)) / h));
  const estimates = slopes[0].map(
    (_, k) => to.signal * slopes.reduce((sum, row, d) => sum + factors[d] * row[k], 0),
  );
  const shrink = sde ? Math.exp(-h) : 1;
  const noise = sde ? to.noise * Math.sqrt(e) : 0;
  return { x: (to.noise / start.noise) * shrink, estimates, noise };
}

/**
 * The Taylor terms at 0 of the polynomial through the estimates at 0 and at `r`, in steps of 1: rows
 * D0, D1 and D2 as weights of the estimates.
 */
function taylor(r: readonly number[]): number[][] {
  if (r.length === 0) return [[1]];
  if (r.length === 1) {
    return [
      [1, 0],
      [-1 / r[0], 1 / r[0]],
    ];
  }
  const [a, b] = r;
  const gap = b - a;
  const [first, second] = [b / (a * gap), -a / (b * gap)];
  const [u, v] = [-2 / (a * gap), 2 / (b * gap)];
  return [
    [1, 0, 0],
    [-first - second, first, second],
    [-u - v, u, v],
  ];
}

/** The moves in groups of `order`, smaller ones at the end where it is lowered. */
function groups(moves: readonly Transition[], order: number, lowers: boolean): Transition[][] {
  const sizes: number[] = [];
  let left = moves.length;
  while (left > 0) {
    // From a level without signal, where lambda has no beginning, a move stands alone too.
    const alone = moves[moves.length - left].from.signal === 0;
    let size = alone ? 1 : Math.min(order, left);
    // The last move stands alone, as one to the clean level has to.
    if (lowers && size === left && size > 1) size -= 1;
    sizes.push(size);
    left -= size;
  }
  let at = 0;
  return sizes.map((size) => {
    at += size;
    return moves.slice(at - size, at);
  });
}

/** The rows of one group: each goes from the group's first level, by all estimates since then. */
function single(
  group: readonly Transition[],
  slope: Form["slope"],
  predicts: SolverOptions["predicts"],
): Step[] {
  const start = group[0].from;
  let present: Update = { x: 1, estimates: [] };
  const lambdas: number[] = [];
  return group.map((move, i) => {
    if (i > 0) lambdas.unshift(lambdaOf(move.from));
    if (move.to.noise === 0) return rowOf(move, { x: 0, estimates: [move.to.signal] }, predicts);
    const { x, estimates } = update(start, move, lambdas, { sde: false, slope, curve: 1 });
    const [first, ...others] = estimates;
    // In the list of estimates the one at the group's start is the oldest.
    const rest = [...others, ...new Array<number>(i - others.length).fill(0)];
    const target = { x, estimates: [...rest, first] };
    const row = i === 0 ? target : ofPresent(target, present);
    present = target;
    return rowOf(move, row, predicts);
  });
}
