import { type Port, workerBackend } from "../../../src/index.ts";
import { conformance, type Limits } from "../../conformance.ts";
import { sampleOnce } from "../../step-loop.ts";

/** Runs cases of a page on a backend that its worker serves, then a loop. */
export async function served(name: string, requirements: string[], limits: Limits) {
  // Its name tells the worker what to open.
  const worker = new Worker(new URL("./served.worker.ts", import.meta.url), {
    type: "module",
    name,
  });
  const backend = await workerBackend(worker as unknown as Port);
  try {
    for (const requirement of requirements) {
      await conformance.find((c) => c.name === requirement)?.run(backend, limits);
    }
    return { name: backend.name, value: await sampleOnce(backend, { steps: 10, size: 256 }) };
  } finally {
    await backend.close();
    worker.terminate();
  }
}
