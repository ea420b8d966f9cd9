import { type Backend, type DeviceTensor, openBackend } from "@gen/runtime-gpu";
import { runtimeFiles } from "../../../../../tooling/browser/runtime-files.ts";

/** Opens a backend with its files where the test's server has them. @throws Error where another one comes. */
export async function openHere(name: string): Promise<Backend<DeviceTensor>> {
  const backend = await openBackend(name, runtimeFiles(name));
  if (backend.name !== name) throw new Error(`${backend.name} ran, wanted ${name}`);
  return backend;
}
