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

/** Keeps a model. Returns whether the browser kept it; a full disk, for example, keeps nothing. */
export async function keepModel(model: KeptModel): Promise<boolean> {
  try {
    await use("readwrite", (models) => models.put(model, key));
    return true;
  } catch {
    return false;
  }
}

/** The kept model. Undefined if there is none or the page has no storage. */
export async function readModel(): Promise<KeptModel | undefined> {
  try {
    const kept: KeptModel | undefined = await use("readonly", (models) => models.get(key));
    return kept?.version === 1 ? kept : undefined;
  } catch {
    return undefined;
  }
}
