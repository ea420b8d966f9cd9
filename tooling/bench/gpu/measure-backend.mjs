// One backend's measurements in turn, each within a limit.
import { softwareReason } from "./rows.mjs";

const PART_LIMIT = 100_000;
const DESCRIBE_LIMIT = 15_000;

class TooLate extends Error {}

/** An error for the table. */
export const reasonOf = ({ message }) => ({ reason: message.split("\n")[0] });

/** `work`, or an error after so many milliseconds. */
export async function withLimit(work, milliseconds) {
  const limit = Math.max(0, milliseconds);
  let timer;
  const late = new Promise((_, reject) => {
    const error = new TooLate(`it took more than ${(limit / 1000).toFixed(0)} s`);
    timer = setTimeout(() => reject(error), limit);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/**
 * What `request(method, options)` finds out about one backend until the time `end`, for `gpuRows`.
 * Only a real GPU is measured, unless `software`.
 */
export async function measureBackend(
  request,
  { isReal, small, end, software, partLimit = PART_LIMIT },
) {
  const limited = (work, least = 0) =>
    withLimit(work, Math.min(partLimit, Math.max(least, end - performance.now())));
  // A backend that is not there says so also after the end.
  const about = await limited(request("describe"), DESCRIBE_LIMIT).catch(reasonOf);
  const { available, reason, adapter } = about;
  if (!available) return { reason };
  const found = { adapter, isReal };
  if (!isReal && !software) return { ...found, reason: softwareReason(found) };
  let late = false;
  for (const method of ["conformance", "step", "training"]) {
    if (late) {
      // The page or process is still at work.
      found[method] = { reason: "what came before it took too long" };
      continue;
    }
    found[method] = await limited(request(method, { small })).catch((error) => {
      late = error instanceof TooLate;
      return reasonOf(error);
    });
  }
  return found;
}
