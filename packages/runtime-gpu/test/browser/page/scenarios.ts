import { atOnce } from "./at-once.ts";
import { uncaptured } from "./captured.ts";
import { conforms } from "./conforms.ts";
import { sharesGpu, survivesLoss } from "./devices.ts";
import { failsInRun } from "./fails-in-run.ts";
import { dispatchesInPlace } from "./in-place.ts";
import { damageFile, fetchFile, fetchUnkept, keptFiles, removeFiles } from "./model-files.ts";
import { nestedWorkers } from "./nested-workers.ts";
import { onHost, refusal, whatCan } from "./on-gpu.ts";
import { served } from "./served.ts";
import { createAndClose, samplesInARow, transfersPerStep } from "./transfers.ts";
import { withoutWasm } from "./without-wasm.ts";

/** Whether the page may share memory, which threads need. */
const isolated = async (): Promise<boolean> => crossOriginIsolated;

const cores = async (): Promise<number> => navigator.hardwareConcurrency;

/** What a test can have a page or a worker do. */
export const scenarios = {
  atOnce,
  conforms,
  cores,
  damageFile,
  dispatchesInPlace,
  failsInRun,
  fetchFile,
  fetchUnkept,
  isolated,
  keptFiles,
  nestedWorkers,
  onHost,
  refusal,
  removeFiles,
  served,
  sharesGpu,
  survivesLoss,
  transfersPerStep,
  samplesInARow,
  createAndClose,
  uncaptured,
  whatCan,
  withoutWasm,
};
