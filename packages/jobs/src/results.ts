/*
 * The results of a job's parts in the store: one safetensors file for each run of batches, named by
 * its first item. Its tensors have a row for each item; its texts are the record of who computed it.
 */
import { readSafetensors, writeSafetensors } from "@gen/data";
import { GenError } from "@gen/math";
import type { Store } from "./store.ts";

/** Rows of numbers by name: `[rows, ...]` each. */
export type Rows = Readonly<
  Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>
>;

/** Who computed a part, and how long it took. */
export interface PartRecord {
  /** The worker's name. */
  readonly worker: string;
  /** The backend's name. */
  readonly backend: string;
  /** The version of the program. */
  readonly version: string;
  /** Seconds that it took. */
  readonly seconds: number;
}

/** A part's result. */
export interface PartResult {
  /** The rows of each item. */
  readonly rows: Rows;
  /** What the kind says of them, as JSON; equal for all parts. */
  readonly facts: unknown;
}

/** The most bytes of a part's numbers. */
const LIMIT = 2 ** 32;

const folderOf = (id: string) => `jobs/${id}/parts/`;
const nameOf = (id: string, first: number) => folderOf(id) + String(first).padStart(12, "0");

/** The items of a result. */
export const rowsOf = ({ rows }: PartResult): number => Object.values(rows)[0]?.shape[0] ?? 0;

/** A part's file. */
export function encodeResult(result: PartResult, record: PartRecord): Uint8Array {
  const texts = Object.entries(record).map(([key, value]) => [key, String(value)]);
  const facts = JSON.stringify(result.facts ?? null);
  return writeSafetensors(result.rows, { ...Object.fromEntries(texts), facts });
}

/** Writes a part's file. */
export const writeResult = (store: Store, id: string, first: number, bytes: Uint8Array) =>
  store.write(nameOf(id, first), bytes);

/** A result with its record, and its first item. */
export interface StoredResult extends PartResult {
  readonly first: number;
  readonly record: PartRecord;
}

/** The first items of the results that the store has, in order. */
export async function storedFirsts(store: Store, id: string): Promise<number[]> {
  const names = await store.list(folderOf(id));
  const numbers = names.map((name) => name.slice(folderOf(id).length));
  return numbers
    .filter((text) => /^\d{12}$/.test(text))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Reads a part's file. @throws GenError `invalid-data` when it is damaged. */
export async function readResult(store: Store, id: string, first: number): Promise<StoredResult> {
  const bytes = await store.read(nameOf(id, first));
  if (bytes) return decodeResult(bytes, id, first);
  throw new GenError("invalid-data", `${nameOf(id, first)} is not in the store`);
}

function decodeResult(bytes: Uint8Array, id: string, first: number): StoredResult {
  const name = nameOf(id, first);
  const { tensors, metadata } = readSafetensors(bytes, { name, limit: LIMIT });
  const { facts = "null", worker = "", backend = "", version = "", seconds = "0" } = metadata;
  const entries = Object.entries(tensors).map(([key, { data, shape }]) => {
    if (data instanceof Float32Array && shape.length > 0) return [key, { data, shape }] as const;
    throw new GenError("invalid-data", `${name}: ${key} must be rows of float32`);
  });
  return {
    ...{ first, rows: Object.fromEntries(entries), facts: JSON.parse(facts) },
    record: { worker, backend, version, seconds: Number(seconds) },
  };
}
