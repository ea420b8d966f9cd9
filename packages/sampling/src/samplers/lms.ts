import { epsilonCoefficients } from "@gen/math";
import { checkOptions } from "./check-options.ts";
import { checkPath } from "./check-path.ts";
import { type Step, stepTable } from "./step.ts";
import { type Path, transitionsOf } from "./trajectory.ts";
import type { SolverOptions } from "./update.ts";

/** How {@link lmsSteps} goes. */
export interface LmsOptions extends SolverOptions {
  /** How many slopes a move takes, 1 to 4. Order 1 is Euler's method. @defaultValue 4 */
  readonly order?: 1 | 2 | 3 | 4;
}

/**
 * A linear multistep method for the probability flow in `sigma = noise / signal`, whose slope
 * there is epsilon (Karras et al. 2022, eq. 1; k-diffusion's LMS): epsilon is the polynomial
 * through its latest values, integrated exactly from sigma to sigma'.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, order and prediction type. Default: every training step, order 4.
 * @throws RangeError when order is not 1 to 4, or the path is not as described.
 */
export function lmsSteps(path: Path, options: LmsOptions = {}): Step[] {
  checkPath(path, options);
  const { order = 4, predicts = "epsilon" } = options;
  checkOptions(options, { order: [1, 2, 3, 4] });
  const moves = transitionsOf(path, options);
  const sigmas = moves.map(({ from }) => from.noise / from.signal);
  const euler = stepTable(moves, { predicts });
  return moves.map(({ from, to }, i) => {
    // At zero signal sigma is infinite: such a move is Euler's, and no later one looks back to it.
    const known = sigmas.slice(0, i + 1).filter(Number.isFinite).length;
    const keeps = { x0: 0, ...epsilonCoefficients(predicts, from) };
    if (known === 0) return { ...euler[i], keeps };
    const nodes = sigmas.slice(i + 1 - Math.min(order, known), i + 1).reverse();
    const [own, ...others] = integrals(nodes, sigmas[i], to.noise / to.signal);
    const history = others.map((weight) => to.signal * weight);
    return {
      ...euler[i],
      keeps,
      next: {
        x0: 0,
        x: to.signal * (1 / from.signal + own * keeps.x),
        prediction: to.signal * own * keeps.prediction,
        noise: 0,
        ...(history.length > 0 && { history }),
      },
    };
  });
}

// Gauss and Legendre's two points are exact up to degree 3, the polynomials' largest.
const GAUSS = [-1, 1].map((sign) => 0.5 + (sign * 0.5) / Math.sqrt(3));

/** The integral from a to b of each Lagrange polynomial over the nodes. */
function integrals(nodes: readonly number[], a: number, b: number): number[] {
  return nodes.map((node, k) => {
    const others = nodes.filter((_, i) => i !== k);
    const at = (x: number) => others.reduce((product, o) => (product * (x - o)) / (node - o), 1);
    return ((b - a) * (at(a + GAUSS[0] * (b - a)) + at(a + GAUSS[1] * (b - a)))) / 2;
  });
}
