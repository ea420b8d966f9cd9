import type { TrainingState } from "@gen/nn";
import { keepRecord, readRecord } from "../points/model-store.ts";
import type { Leg, Source } from "./latent-api.ts";
import type { Curve } from "./term-curves.ts";

/** A trained VAE as the browser keeps it. */
export interface KeptVae {
  readonly version: 1;
  readonly source: Source;
  readonly legs: readonly Leg[];
  readonly state: TrainingState;
  readonly curve: Curve;
}

const key = "latent";

/** Keeps a model. Returns whether the browser kept it. */
export const keepVae = (model: KeptVae): Promise<boolean> => keepRecord(key, model);

/** The kept model. Undefined if there is none or the page has no storage. */
export async function readVae(): Promise<KeptVae | undefined> {
  const kept = (await readRecord(key)) as KeptVae | undefined;
  return kept?.version === 1 ? kept : undefined;
}
