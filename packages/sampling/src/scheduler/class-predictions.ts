import type { PredictionType } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { ClassRun } from "./class-run.ts";

const USUAL: readonly PredictionType[] = ["epsilon", "x0", "v"];
const WITH_FLOW: readonly PredictionType[] = [...USUAL, "flow"];
const NO_SAMPLE: readonly PredictionType[] = ["epsilon", "v"];

/** What a class's step takes, where that is not epsilon, sample and v. */
const PREDICTIONS: Readonly<Record<string, readonly PredictionType[]>> = {
  DPMSolverMultistepScheduler: WITH_FLOW,
  DPMSolverMultistepInverseScheduler: WITH_FLOW,
  DPMSolverSinglestepScheduler: WITH_FLOW,
  DEISMultistepScheduler: WITH_FLOW,
  UniPCMultistepScheduler: WITH_FLOW,
  SASolverScheduler: WITH_FLOW,
  EulerAncestralDiscreteScheduler: NO_SAMPLE,
  KDPM2DiscreteScheduler: NO_SAMPLE,
  KDPM2AncestralDiscreteScheduler: NO_SAMPLE,
  DPMSolverSDEScheduler: NO_SAMPLE,
  PNDMScheduler: NO_SAMPLE,
  EDMEulerScheduler: NO_SAMPLE,
  EDMDPMSolverMultistepScheduler: NO_SAMPLE,
  UnCLIPScheduler: ["epsilon", "x0"],
};

const FIELDS = { epsilon: "epsilon", x0: "sample", v: "v_prediction", flow: "flow_prediction" };

/**
 * Refuses a prediction that a class's step does not take. Without `compat` an estimate of x0 or v is
 * taken by every class whose formulas have a place for it.
 *
 * @throws RangeError naming the class and what it takes.
 */
export function checkPrediction({ config, settings, compat }: ClassRun): void {
  const { className, predictionType } = config;
  const { prediction_type: field } = settings;
  if (field === undefined) return;
  const isScm = className === "SCMScheduler";
  const taken = PREDICTIONS[className] ?? USUAL;
  const lenient = !compat && !className.startsWith("EDM") && USUAL.includes(predictionType);
  const fits = isScm || lenient || taken.includes(predictionType);
  if (fits && isScm === (field === "trigflow")) return;
  const fields = isScm ? "trigflow" : taken.map((type) => FIELDS[type]).join(", ");
  throw new ArgumentError(
    `prediction_type must be one of ${fields} for ${className}, got ${field}`,
  );
}
