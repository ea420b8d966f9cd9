import type { Backend, DeviceTensor } from "../../../src/index.ts";
import { conformance, type Limits } from "../../conformance.ts";
import { warmed } from "./captured.ts";
import { openHere } from "./subjects.ts";

let open: { name: string; backend: Backend<DeviceTensor> } | undefined;

/** Runs one case; the backend is kept for the next one unless the case failed. */
export async function conforms(name: string, requirement: string, limits: Limits): Promise<void> {
  if (open?.name !== name) {
    await open?.backend.close();
    const backend = await openHere(name);
    open = { name, backend: name.endsWith("capturing") ? warmed(backend) : backend };
  }
  const { backend } = open;
  try {
    const found = conformance.find((c) => c.name === requirement);
    if (!found) throw new Error(`no case is named ${requirement}`);
    await found.run(backend, limits);
  } catch (error) {
    open = undefined;
    await backend.close();
    throw error;
  }
}
