import { boundOf } from "../points/bound.ts";
import type { CloudId } from "../points/clouds.ts";
import { readModel } from "../points/model-store.ts";
import opening from "./opening-points.f32?url";
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
  return { file: new Uint8Array(await fetched(shippedAddress)) };
}

/**
 * Where the reference ends with the shipped model and the opening seed, `[count, 2]` float32, so that
 * the room opens with a picture and no code of a backend. @throws Error when it cannot be fetched.
 */
export const openingPoints = async (): Promise<Float32Array> =>
  new Float32Array(await fetched(new URL(opening, location.href).href));

async function fetched(address: string): Promise<ArrayBuffer> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  return response.arrayBuffer();
}

/** The model that the reader trained last in this browser, if there is one. */
export async function ownModel(): Promise<RaceModel | undefined> {
  const kept = await readModel();
  if (!kept) return undefined;
  const { writeSafetensors } = await import("../../file-writers.ts");
  const { weights, ema = weights, step } = kept.state;
  const bound = boundOf(kept.cloud.points);
  const tensors = Object.fromEntries(
    Object.entries(ema).map(([name, { shape, data }]) => [
      name,
      { dtype: "float32" as const, shape, data: Float32Array.from(data as ArrayLike<number>) },
    ]),
  );
  const file = writeSafetensors(tensors, { bound: String(bound) });
  return { file, own: { data: kept.cloud.id, steps: step } };
}
