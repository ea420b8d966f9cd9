import { deisTable, saSolverTable } from "./adams-classes.ts";
import { refuseOptions } from "./alpha-path.ts";
import type { ClassOptions, ClassRun, ClassTable } from "./class-run.ts";
import { cogVideoXDdimTable, cogVideoXDpmTable } from "./cogvideox-classes.ts";
import { consistencyDecoderTable, lcmTable, tcdTable } from "./consistency-classes.ts";
import { ddimInverseTable, ddimTable } from "./ddim-classes.ts";
import { ddpmTable, unclipTable } from "./ddpm-classes.ts";
import { consistencyTable, edmEulerTable, ipndmTable, scoreSdeTable } from "./edm-classes.ts";
import { edmDpmTable } from "./edm-dpm-class.ts";
import {
  flowEulerTable,
  flowHeunTable,
  flowLcmTable,
  flowMapTable,
  ltxTable,
  scmTable,
} from "./flow-classes.ts";
import {
  dpmInverseTable,
  dpmMultistepTable,
  dpmSinglestepTable,
  unipcTable,
} from "./lambda-classes.ts";
import { pndmTable } from "./pndm-class.ts";
import {
  dpmSdeTable,
  eulerAncestralTable,
  eulerTable,
  heunTable,
  kdpm2AncestralTable,
  kdpm2Table,
  lmsTable,
} from "./sigma-classes.ts";
import { wuerstchenTable } from "./wuerstchen-class.ts";

type Table = (run: ClassRun) => ClassTable;

/** A class that takes these options of `ClassOptions` besides those that all take. */
const taking =
  (table: Table, ...options: (keyof ClassOptions)[]): Table =>
  (run) => {
    refuseOptions(run, options);
    return table(run);
  };

const CHURN = ["sChurn", "sTmin", "sTmax", "sNoise"] as const;
// Which of them a class takes depends on its fields.
const LAMBDA = ["timesteps", "sigmas", "mu"] as const;

/** How the table of each diffusers class is made. */
export const schedulerTables: Readonly<Record<string, Table>> = {
  EulerDiscreteScheduler: taking(eulerTable, "timesteps", "sigmas", ...CHURN),
  EulerAncestralDiscreteScheduler: taking(eulerAncestralTable, "eta"),
  HeunDiscreteScheduler: taking(heunTable, "timesteps"),
  LMSDiscreteScheduler: taking(lmsTable),
  KDPM2DiscreteScheduler: taking(kdpm2Table),
  KDPM2AncestralDiscreteScheduler: taking(kdpm2AncestralTable),
  DPMSolverSDEScheduler: taking(dpmSdeTable, "sNoise"),
  FlowMatchEulerDiscreteScheduler: taking(flowEulerTable, "timesteps", "sigmas", "mu", ...CHURN),
  FlowMatchHeunDiscreteScheduler: taking(flowHeunTable, ...CHURN),
  FlowMatchLCMScheduler: taking(flowLcmTable, "timesteps", "sigmas", "mu"),
  FlowMapEulerDiscreteScheduler: taking(flowMapTable, "timesteps", "sigmas"),
  LTXEulerAncestralRFScheduler: taking(ltxTable, "timesteps", "sigmas", "mu"),
  SCMScheduler: taking(scmTable, "timesteps", "maxTimesteps", "intermediateTimesteps"),
  EDMEulerScheduler: taking(edmEulerTable, "sigmas", ...CHURN),
  CMStochasticIterativeScheduler: taking(consistencyTable, "timesteps"),
  IPNDMScheduler: taking(ipndmTable),
  ScoreSdeVeScheduler: taking(scoreSdeTable),
  DDIMScheduler: ddimTable,
  DDIMParallelScheduler: ddimTable,
  DDIMInverseScheduler: ddimInverseTable,
  CogVideoXDDIMScheduler: cogVideoXDdimTable,
  CogVideoXDPMScheduler: cogVideoXDpmTable,
  DDPMScheduler: ddpmTable,
  DDPMParallelScheduler: ddpmTable,
  UnCLIPScheduler: unclipTable,
  PNDMScheduler: pndmTable,
  LCMScheduler: lcmTable,
  TCDScheduler: tcdTable,
  DDPMWuerstchenScheduler: wuerstchenTable,
  ConsistencyDecoderScheduler: consistencyDecoderTable,
  DPMSolverMultistepScheduler: taking(dpmMultistepTable, ...LAMBDA),
  DPMSolverSinglestepScheduler: taking(dpmSinglestepTable, ...LAMBDA),
  UniPCMultistepScheduler: taking(unipcTable, ...LAMBDA),
  DPMSolverMultistepInverseScheduler: taking(dpmInverseTable, ...LAMBDA),
  EDMDPMSolverMultistepScheduler: taking(edmDpmTable, ...LAMBDA),
  DEISMultistepScheduler: taking(deisTable, ...LAMBDA),
  SASolverScheduler: taking(saSolverTable, ...LAMBDA),
};
