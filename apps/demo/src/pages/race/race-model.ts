import type { CloudId } from "../points/clouds.ts";
import { readModel } from "../points/model-store.ts";
import shipped from "./points.safetensors?url";

/** A model that races: a safetensors file. */
export interface RaceModel {
  readonly file: Uint8Array;
  /** What a reader's own model has learned, and its training steps. Absent for the shipped model. */
  readonly own?: { readonly data: CloudId; readonly steps: number };
}

/** The address of the shipped model: a spiral, 43,906 weights as float16. */
export const shippedAddress = new URL(shipped, location.href).href;

/** @throws Error when the file cannot be fetched. */
export async function shippedModel(): Promise<RaceModel> {
  const response = await fetch(shippedAddress);
  if (!response.ok) throw new Error(`${shippedAddress}: HTTP ${response.status}`);
  return { file: new Uint8Array(await response.arrayBuffer()) };
}

/** The model that the reader trained last in this browser, if there is one. */
export async function ownModel(): Promise<RaceModel | undefined> {
  const kept = await readModel();
  if (!kept) return undefined;
  const { writeSafetensors } = await import("@gen/data");
  const { weights, ema = weights, step } = kept.state;
  const bound = kept.cloud.points.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const tensors = Object.fromEntries(
    Object.entries(ema).map(([name, { shape, data }]) => [
      name,
      { dtype: "float32" as const, shape, data: Float32Array.from(data as ArrayLike<number>) },
    ]),
  );
  const file = writeSafetensors(tensors, { bound: String(bound) });
  return { file, own: { data: kept.cloud.id, steps: step } };
}
