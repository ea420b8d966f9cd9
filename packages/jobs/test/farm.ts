/* A queue, a store and workers in processes of their own, for tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { normalNoise } from "@gen/math";
import { afterAll } from "vitest";
import { folderStore, type JobQueue, submit } from "../src/index.ts";

const script = fileURLToPath(new URL("worker.mjs", import.meta.url));

/** An empty folder of a test file's own. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), "gen-jobs-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (...names: string[]) => join(folder, ...names);
}

/** What a job of noise is. */
export interface NoiseOptions {
  readonly seed: number;
  readonly size: number;
  readonly batch: number;
  /** Milliseconds of a batch. */
  readonly delay: number;
  /** The item whose batch fails. */
  readonly poison?: number;
}

/** The numbers of the whole job in one call. */
export const wholeNoise = (count: number, { seed, size }: NoiseOptions): Float32Array => {
  const indices = Array.from({ length: count }, (_, i) => i);
  return normalNoise({ seed, purpose: "initial", indices, size });
};

/** Submits a job of noise whose parts are single batches. */
export const submitNoise = (
  queue: JobQueue,
  store: string,
  count: number,
  options: NoiseOptions,
  more: Partial<Parameters<typeof submit>[2]> = {},
) =>
  submit(queue, folderStore(store), {
    ...{ kind: "noise", count, options, version: "1.2.3", backends: ["cpu"], seconds: 0.001 },
    ...more,
  });

/** A worker's settings. */
export interface WorkerSettings {
  readonly redis: string;
  readonly store: string;
  readonly cache: string;
  readonly name?: string;
  readonly lease?: number;
  readonly patience?: number;
  readonly drain?: boolean;
  /** How its store's first writes fail. */
  readonly broken?: { times: number; message: string; code?: string };
}

/** A worker's process, which a command may start, and what it printed. */
export function startWorker(settings: WorkerSettings, before: readonly string[] = []) {
  const env = { ...process.env, GEN_TEST_WORKER: JSON.stringify({ lease: 0.5, ...settings }) };
  const [program, ...args] = [...before, process.execPath, script];
  const child: ChildProcess = spawn(program, args, { env });
  let [printed, errors] = ["", ""];
  child.stdout?.on("data", (text) => {
    printed += text;
  });
  child.stderr?.on("data", (text) => {
    errors += text;
  });
  const ended = new Promise<number | null>((done) => child.once("close", done));
  return {
    ended,
    kill: (signal: NodeJS.Signals = "SIGKILL") => {
      child.kill(signal);
      return ended;
    },
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    get events() {
      const lines = printed.split("\n").filter((line) => line.startsWith("{"));
      // biome-ignore lint/suspicious/noExplicitAny: tests look into events.
      return lines.map((line): any => JSON.parse(line));
    },
    get errors() {
      return errors;
    },
  };
}

/** Waits until a job is over. */
export async function overOf(queue: JobQueue, id: string) {
  for (;;) {
    const status = await queue.status(id);
    if (status.state === "done" || status.state === "failed") return status;
    await setTimeout(50);
  }
}
