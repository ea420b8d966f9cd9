import { workerBackend } from "../../../src/index.ts";
import { conformance, type Limits } from "../../conformance.ts";
import { sampleOnce } from "../../step-loop.ts";

/** Runs cases and a loop on a backend that a worker serves; counts the answers to each call. */
export async function served(name: string, requirements: string[], limits: Limits) {
  // Its name tells the worker what to open.
  const worker = new Worker(new URL("./served.worker.ts", import.meta.url), {
    type: "module",
    name,
  });
  const answers = new Map<number, number>();
  worker.addEventListener("message", ({ data }) => {
    for (const { call } of data) answers.set(call, (answers.get(call) ?? 0) + 1);
  });
  const backend = await workerBackend(worker);
  try {
    for (const requirement of requirements) {
      await conformance.find((c) => c.name === requirement)?.run(backend, limits);
    }
    const value = await sampleOnce(backend, { steps: 10, size: 256 });
    return { name: backend.name, value, mostAnswers: Math.max(...answers.values()) };
  } finally {
    await backend.close();
    worker.terminate();
  }
}
