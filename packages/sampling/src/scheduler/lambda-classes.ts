import { ArgumentError } from "@gen/math/arguments";
import { type DpmSolverOptions, dpmSolverSteps, groupSizes } from "../samplers/dpm-solver.ts";
import type { Step } from "../samplers/step.ts";
import { unipcSteps } from "../samplers/unipc.ts";
import type { SolverForm } from "../samplers/update.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { unipcNoises } from "./lambda-flow.ts";
import { inversePath, type LambdaPath, lambdaPath } from "./lambda-path.ts";

/** DPMSolverMultistepScheduler. */
export function dpmMultistepTable(run: ClassRun): ClassTable {
  const solver = dpmSolverOf(run, MULTISTEP_ALGORITHMS);
  const path = lambdaPath(run, {
    cosineFractions: true,
    takesTimes: true,
    ...(solver.form === "noise" && { staysFinite: true }),
  });
  return multistepTable(run, path, solver);
}

/** DPMSolverMultistepInverseScheduler. */
export const dpmInverseTable = (run: ClassRun): ClassTable =>
  multistepTable(run, inversePath(run), dpmSolverOf(run, MULTISTEP_ALGORITHMS));

/** DPMSolverSinglestepScheduler. */
export function dpmSinglestepTable(run: ClassRun): ClassTable {
  const { settings, compat } = run;
  const solver = dpmSolverOf(run, ["dpmsolver", "dpmsolver++", "sde-dpmsolver++"]);
  const path = lambdaPath(run, { takesTimes: true });
  if (compat && solver.form === "noise") refuseThreshold(run);
  const { times, first } = path;
  const { solver_order: order } = settings;
  const lowers =
    settings.lower_order_final ||
    times.length % order !== 0 ||
    settings.final_sigmas_type === "zero";
  // A part of the steps starts within a group.
  let skipped = first;
  const groups = groupSizes(times.length, order, lowers).flatMap((size) => {
    const left = Math.max(size - skipped, 0);
    skipped -= size - left;
    return left > 0 ? [left] : [];
  });
  const steps = dpmSolverSteps(path.moves, { ...solver, method: "singlestep", groups });
  const differs = solver.sde && solver.slope === "heun" && groups.includes(3);
  return lambdaTable(run, path, steps, differs && !compat ? [SIGN] : [], solver.form);
}

const MULTISTEP_ALGORITHMS = ["dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++"];

/** The options of DPM-Solver's classes; algorithms and types of other classes have stand-ins. */
export function dpmSolverOf(run: ClassRun, algorithms: readonly string[]) {
  const { config, settings, compat } = run;
  const { algorithm_type: asked, solver_type: type, final_sigmas_type: final } = settings;
  const algorithm = asked === "deis" ? "dpmsolver++" : asked;
  if (asked !== "deis") requireAlgorithm(run, algorithms);
  const form: SolverForm = algorithm.endsWith("++") ? "data" : "noise";
  if (compat && form === "noise" && final === "zero") {
    throw new ArgumentError(
      `final_sigmas_type must be sigma_min where algorithm_type is ${algorithm}, got zero`,
    );
  }
  if (form === "noise" && config.predictionType === "flow") {
    throw new ArgumentError(
      `prediction_type must be another than flow_prediction where algorithm_type is ${algorithm}`,
    );
  }
  return {
    predicts: config.predictionType,
    order: settings.solver_order,
    form,
    sde: algorithm.startsWith("sde-"),
    slope: type === "heun" ? "heun" : "midpoint",
    compat: compat ? "diffusers" : "authors",
  } satisfies DpmSolverOptions;
}

/** Throws RangeError when the config's algorithm_type is none of the class's. */
export function requireAlgorithm({ config, settings }: ClassRun, names: readonly string[]): void {
  const { algorithm_type: asked } = settings;
  if (names.includes(asked)) return;
  throw new ArgumentError(
    `algorithm_type must be one of ${names.join(", ")} for ${config.className}, got ${asked}`,
  );
}

/** The table of a multistep class of DPM-Solver's. */
export function multistepTable(
  run: ClassRun,
  path: LambdaPath,
  solver: ReturnType<typeof dpmSolverOf>,
): ClassTable {
  const { settings, compat, config } = run;
  const steps = dpmSolverSteps(path.moves, {
    ...solver,
    lowerOrderFinal: settings.lower_order_final && path.times.length < 15,
    eulerAtFinal: settings.euler_at_final,
  });
  if (!isThirdOrder(steps) || !solver.sde) return lambdaTable(run, path, steps, [], solver.form);
  const solves = config.className === "DPMSolverMultistepScheduler" && solver.form === "data";
  if (solves) return lambdaTable(run, path, steps, compat ? [] : [SIGN]);
  if (compat) {
    throw new ArgumentError(
      `solver_order must be 1 or 2 for ${config.className} where algorithm_type is ` +
        `${settings.algorithm_type}, got ${settings.solver_order}`,
    );
  }
  const note = `order 3 of ${settings.algorithm_type} is solved; diffusers fails there`;
  return lambdaTable(run, path, steps, [note], solver.form);
}

const isThirdOrder = (steps: readonly Step[]) =>
  steps.some(({ next }) => (next.history?.length ?? 0) >= 2);

const SIGN = "order 3 has the right sign in D2's weight; diffusers has a weight lower by 1";

/** The rows as the class reads its network, checked. */
export function lambdaTable(
  run: ClassRun,
  path: LambdaPath,
  steps: readonly Step[],
  notes: readonly string[] = [],
  form: SolverForm = "data",
): ClassTable {
  const rows = steps.map((step, i) => {
    const denoised = ownEstimate(run, path.sigmas[path.first + i], form);
    return denoised ? { ...step, denoised } : step;
  });
  return { steps: rows, sigmas: path.sigmas, notes: [...path.notes, ...notes] };
}

/** Where the classes read a prediction otherwise than its level says. */
function ownEstimate({ config, settings }: ClassRun, sigma: number, form: SolverForm) {
  const { predictionType: predicts } = config;
  // They take sigma for the noise of a flow, also where it is noise over signal.
  if (predicts === "flow" && !settings.use_flow_sigmas) return { x: 1, prediction: -sigma };
  // On a flow's levels, signal^2 + noise^2 is not 1, as their v has it.
  if (predicts !== "v" || !settings.use_flow_sigmas) return undefined;
  const signal = 1 - sigma;
  return { x: form === "data" ? signal : (1 - sigma ** 2) / signal, prediction: -sigma };
}

/** Throws RangeError when estimates are thresholded, which the class does in another shape. */
export function refuseThreshold({ config, settings }: ClassRun): void {
  if (!config.thresholding) return;
  throw new ArgumentError(
    `thresholding must be false for ${config.className} where algorithm_type is ` +
      `${settings.algorithm_type}, got true`,
  );
}

/** UniPCMultistepScheduler. */
export function unipcTable(run: ClassRun): ClassTable {
  const { settings, config, compat } = run;
  const form: SolverForm = settings.predict_x0 ? "data" : "noise";
  if (form === "noise" && config.predictionType === "flow") {
    throw new ArgumentError("predict_x0 must be true where prediction_type is flow_prediction");
  }
  if (settings.shift_terminal !== null && !settings.use_flow_sigmas) {
    throw new ArgumentError(
      `shift_terminal must be null where use_flow_sigmas is false, got ${settings.shift_terminal}`,
    );
  }
  const path = lambdaPath(run, {
    ends: "last",
    flow: unipcNoises,
    karrasFlow: true,
    ...(form === "noise" && { staysFinite: true }),
  });
  const scaling = settings.solver_type === "bh1" ? "bh1" : "bh2";
  const steps = unipcSteps(path.moves, {
    predicts: config.predictionType,
    form,
    order: settings.solver_order,
    scaling,
    corrector: { except: settings.disable_corrector.map((i) => i - path.first) },
    lowerOrderFinal: settings.lower_order_final,
  });
  const fails =
    settings.final_sigmas_type === "zero" &&
    (scaling === "bh1" ||
      form === "noise" ||
      !(settings.lower_order_final || settings.solver_order === 1 || steps.length === 1));
  const notes = fails ? ["the last step goes to the clean estimate; diffusers gives NaN"] : [];
  // The class thresholds estimates of x0 only.
  const clip = form === "noise" ? { clip: false as const } : {};
  return { ...lambdaTable(run, path, steps, compat ? [] : notes, form), ...clip };
}
