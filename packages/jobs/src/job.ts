/*
 * What a job is, in two records: a short one in Redis, by which a worker decides whether it can help,
 * and a whole one in the store.
 */
import { randomBytes } from "node:crypto";
import { GenError } from "@gen/math";
import type { rules } from "@gen/math/arguments";
import { parseJson } from "@gen/math/json";
import type { JobInput } from "./inputs.ts";
import type { Store } from "./store.ts";

/** The form of the records. A worker refuses jobs of another form. */
export const FORMAT = 1;

/** A job as the queue knows it. */
export interface JobEntry {
  /** The form of the record. */
  readonly format: number;
  /** Its name: 12 letters and digits. */
  readonly id: string;
  /** What computes it, such as "sample". */
  readonly kind: string;
  /** The version of the program that submitted it, which its workers must have too. */
  readonly version: string;
  /** The backends that may compute it. */
  readonly backends: readonly string[];
  /** The items that it makes. */
  readonly count: number;
  /** Jobs with a larger priority run first. */
  readonly priority: number;
  /** Parts that may be computed at the same time; 0 sets no limit. */
  readonly most: number;
  /** Seconds that a part should take. */
  readonly seconds: number;
  /** When it was submitted, in milliseconds since 1970. */
  readonly created: number;
  /** How often its parts that were set aside were tried again. @defaultValue 0 */
  readonly retries?: number;
}

/** A whole job. */
export interface Job extends JobEntry {
  /** What the kind takes, as JSON. */
  readonly options: unknown;
  /** The files that the options name, by the path in the options. */
  readonly inputs: Readonly<Record<string, JobInput>>;
}

const LIMIT = 2 ** 24;

/** A name, which lines show. */
const isName = (text: unknown): boolean =>
  typeof text === "string" && /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,100}$/u.test(text);

/** The rule of a kind, a version and a backend. */
export const NAME: rules.Rule = ["a name of 1 to 100 visible characters", isName];

/** Whether a record is not one that `submit` makes. */
const isWrong = (entry: Partial<JobEntry> | null): boolean =>
  !entry ||
  ![entry.kind, entry.version].every(isName) ||
  !/^[a-z0-9]{12}$/.test(`${entry.id}`) ||
  ![entry.count, entry.priority, entry.most, entry.seconds, entry.created].every(Number.isFinite) ||
  !(Number.isSafeInteger(entry.count) && Number(entry.count) > 0 && Number(entry.seconds) > 0) ||
  !Number.isSafeInteger(entry.retries ?? 0) ||
  !(Array.isArray(entry.backends) && entry.backends.length <= 100 && entry.backends.every(isName));

/** A new job's id. */
export const newId = (): string =>
  Array.from(randomBytes(12), (byte) => "abcdefghijkmnpqrstuvwxyz23456789"[byte % 32]).join("");

/** Reads a record. @throws GenError `invalid-data` when it is none, or is of another form. */
export function readEntry<J extends JobEntry = JobEntry>(
  text: string | Uint8Array,
  name: string,
): J {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const found = parseJson(bytes, { name, limit: LIMIT }) as J | null;
  if (found && typeof found === "object" && found.format !== FORMAT) {
    throw new GenError(
      "invalid-data",
      `${name} has form ${String(found.format)}, and this program reads ${FORMAT}: use the version that submitted it`,
    );
  }
  if (isWrong(found)) throw new GenError("invalid-data", `${name} is no job of this program`);
  return found as J;
}

const isRecord = (value: unknown) =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((each) => each !== null);

const nameOf = (id: string) => `jobs/${id}/job.json`;

/** Writes the whole record into the store. */
export const writeJob = (store: Store, job: Job): Promise<void> =>
  store.write(nameOf(job.id), new TextEncoder().encode(`${JSON.stringify(job, null, 2)}\n`));

/**
 * The record of a job, with its options.
 *
 * @param store The store that the job was submitted with.
 * @param id The job.
 * @throws GenError `usage` when the store has no such job, `invalid-data` when its record is damaged,
 * `file-too-large` when it has more than 16 MiB.
 */
export async function readJob(store: Store, id: string): Promise<Job> {
  const bytes = /^[a-z0-9]{12}$/.test(id) ? await store.read(nameOf(id), LIMIT) : undefined;
  if (bytes) {
    const job = readEntry<Job>(bytes, `job ${id}`);
    if (job.id === id && isRecord(job.inputs)) return job;
    throw new GenError("invalid-data", `job ${id} in the store is no job of this program`);
  }
  throw new GenError(
    "usage",
    `job ${id} is not in this store: pass the store that it was submitted with`,
  );
}

/** Removes the record and the results of a job. A store that cannot remove keeps them. */
export async function removeFiles(store: Store, id: string): Promise<void> {
  if (!store.remove) return;
  for (const name of await store.list(`jobs/${id}/`)) await store.remove(name);
}
