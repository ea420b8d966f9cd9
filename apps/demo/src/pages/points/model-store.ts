import type { TrainingState } from "@gen/nn";
import type { Cloud } from "./clouds.ts";
import type { Preview } from "./worker-api.ts";

/*
 * Keeps the last trained model in IndexedDB, so that it survives a reload. A page without storage
 * trains as well, and keeps nothing.
 */

/** A model as it is kept. */
export interface KeptModel {
  readonly version: 1;
  readonly state: TrainingState;
  /** The data that it learned. */
  readonly cloud: Cloud;
  readonly preview?: Preview;
  readonly curve: { readonly steps: number[]; readonly losses: number[] };
}

const store = "models";
const key = "last";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("gen-demo", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(store);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("the store is in use"));
  });
}

async function use<R>(
  mode: IDBTransactionMode,
  action: (models: IDBObjectStore) => IDBRequest<R>,
): Promise<R> {
  const database = await open();
  try {
    return await new Promise<R>((resolve, reject) => {
      const transaction = database.transaction(store, mode);
      const request = action(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Keeps a value under a key. Returns whether the browser kept it; a full disk keeps nothing. */
export async function keepRecord(key: string, value: unknown): Promise<boolean> {
  try {
    await use("readwrite", (models) => models.put(value, key));
    return true;
  } catch {
    return false;
  }
}

/** The kept value of a key. Undefined if there is none or the page has no storage. */
export async function readRecord(key: string): Promise<unknown> {
  try {
    return await use("readonly", (models) => models.get(key));
  } catch {
    return undefined;
  }
}

/** Keeps the model of the learning page. */
export const keepModel = (model: KeptModel): Promise<boolean> => keepRecord(key, model);

/** The kept model of the learning page. */
export async function readModel(): Promise<KeptModel | undefined> {
  const kept = (await readRecord(key)) as KeptModel | undefined;
  return kept?.version === 1 ? kept : undefined;
}
