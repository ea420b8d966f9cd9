import { GenError } from "@gen/math";

/**
 * The libraries of the queue, which a user installs beside this package.
 * @throws GenError `backend-unavailable` with the command that installs them.
 */
export async function loadLibraries() {
  try {
    const [{ Queue, UnrecoverableError, Worker }, { Redis }] = await Promise.all([
      import("bullmq"),
      import("ioredis"),
    ]);
    return { Queue, UnrecoverableError, Worker, Redis };
  } catch (cause) {
    const message =
      "jobs need their libraries, which did not load; run: npm install bullmq ioredis";
    throw new GenError("backend-unavailable", message, { cause });
  }
}
