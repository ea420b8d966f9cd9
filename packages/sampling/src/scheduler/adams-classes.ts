import { ArgumentError } from "@gen/math/arguments";
import { deisSteps } from "../samplers/deis.ts";
import { type SaSolverOptions, saSolverSteps } from "../samplers/sa-solver.ts";
import type { KeptCoefficients, Step } from "../samplers/step.ts";
import type { ClassRun, ClassTable } from "./class-run.ts";
import { lambdaTable, refuseThreshold, requireAlgorithm } from "./lambda-classes.ts";
import { lambdaPath } from "./lambda-path.ts";

/** DEISMultistepScheduler. */
export function deisTable(run: ClassRun): ClassTable {
  const { settings, config } = run;
  requireAlgorithm(run, ["deis", "dpmsolver", "dpmsolver++"]);
  const path = lambdaPath(run, { ends: "last" });
  const steps = deisSteps(path.moves, {
    predicts: config.predictionType,
    order: settings.solver_order,
    lowerOrderFinal: settings.lower_order_final && path.times.length < 15,
  });
  const raw = config.predictionType === "flow" && !settings.use_flow_sigmas;
  return lambdaTable(run, path, raw ? steps.map(ofRawSigma) : steps);
}

/**
 * A row whose estimate of the noise is `(x - signal x0) / sigma` with sigma the noise over the
 * signal: the class's where a flow is predicted on a path that is none.
 */
function ofRawSigma(step: Step): Step {
  const { keeps, next } = step as Step & { readonly keeps: KeptCoefficients };
  const signal = -keeps.x0 / keeps.x;
  return {
    ...step,
    next: { ...next, x0: signal * next.x0, x: next.x + next.x0 / signal - next.x0 },
    keeps: { ...keeps, x0: signal * keeps.x0, x: signal * keeps.x },
  };
}

/** SASolverScheduler. */
export function saSolverTable(run: ClassRun): ClassTable {
  const { settings, config, compat } = run;
  requireAlgorithm(run, ["data_prediction", "noise_prediction"]);
  const form = settings.algorithm_type === "data_prediction" ? "data" : "noise";
  if (form === "noise" && config.predictionType === "flow") {
    throw new ArgumentError(
      "prediction_type must be another than flow_prediction where algorithm_type is noise_prediction",
    );
  }
  if (compat && form === "noise") refuseThreshold(run);
  const path = lambdaPath(run, { ends: "last", takesMu: false });
  const steps = saSolverSteps(path.moves, {
    predicts: config.predictionType,
    form,
    predictorOrder: settings.predictor_order as SaSolverOptions["predictorOrder"],
    correctorOrder: settings.corrector_order as SaSolverOptions["correctorOrder"],
    lowerOrderFinal: settings.lower_order_final,
  });
  return lambdaTable(run, path, steps, [], form);
}
