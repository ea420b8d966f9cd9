/*
 * Logs that other programs read while a training runs: `metrics.jsonl`, one JSON object for each
 * reading, and TensorBoard's event files in `logs/`. Nothing is written before the first save, since
 * a folder without a training is refused: `take` gives the first save its logs. Later logs are written
 * before their save. A resumed training drops what is after its step.
 */
import { constants } from "node:fs";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Files, refuseLinks, writeFiles } from "./atomic-files.ts";
import { type EventPicture, eventFileStart, eventRecord } from "./event-file.ts";
import { readInside } from "./files.ts";

/** The kinds of logs. */
export type LogKind = "jsonl" | "tensorboard";

/** The logs of a run. */
export interface TrainingLog {
  /** Adds numbers or a picture at a step. */
  add(step: number, values: Readonly<Record<string, number | EventPicture>>): void;
  /** What was added, as the files of a folder without logs; it is not written again. */
  take(): Files;
  /** Writes what was added. */
  flush(): Promise<void>;
}

const metrics = "metrics.jsonl";
const isEventFile = (name: string) => /^events\.out\.tfevents\.\d+\.gen$/.test(name);
const limit = 2 ** 28;

/** Opens the logs of a run that begins after `step`, and clears those of a training that it replaces. */
export async function openLogs(
  folder: string,
  kinds: readonly LogKind[],
  step: number,
): Promise<TrainingLog> {
  if (step === 0) await clear(folder);
  else if (kinds.includes("jsonl")) await truncateLines(folder, step);
  const seconds = Date.now() / 1000;
  const events = `logs/events.out.tfevents.${Math.floor(Date.now())}.gen`;
  let lines: string[] = [];
  let records: Uint8Array[] = [eventFileStart(seconds, step + 1)];
  const take = (): Files => {
    const text = lines.join("");
    const bytes = Buffer.concat(records);
    [lines, records] = [[], []];
    return {
      ...(text !== "" && { [metrics]: text }),
      ...(kinds.includes("tensorboard") && bytes.length > 0 && { [events]: bytes }),
    };
  };
  return {
    add(step, values) {
      if (kinds.includes("tensorboard"))
        records.push(eventRecord({ seconds: Date.now() / 1000, step, values }));
      const numbers = Object.entries(values).filter(([, value]) => typeof value === "number");
      if (kinds.includes("jsonl") && numbers.length > 0)
        lines.push(`${JSON.stringify({ step, ...Object.fromEntries(numbers) })}\n`);
    },
    take,
    async flush() {
      for (const [path, bytes] of Object.entries(take())) await append(folder, path, bytes);
    },
  };
}

/** Adds to a file, which may not be a link. */
async function append(folder: string, path: string, bytes: string | Uint8Array): Promise<void> {
  const full = join(folder, path);
  await refuseLinks(dirname(full));
  await mkdir(dirname(full), { recursive: true });
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW = 0 } = constants;
  const file = await open(full, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o666);
  try {
    await file.appendFile(bytes);
  } finally {
    await file.close();
  }
}

/** Drops the lines after a step, and a line that a killed process left unfinished. */
async function truncateLines(folder: string, step: number): Promise<void> {
  const bytes = await readInside(folder, metrics, limit);
  if (!bytes) return;
  const kept = Buffer.from(bytes)
    .toString()
    .split("\n")
    .filter((line) => {
      try {
        return (JSON.parse(line) as { step: number }).step <= step;
      } catch {
        return false;
      }
    });
  await writeFiles(folder, { [metrics]: kept.map((line) => `${line}\n`).join("") });
}

/** Removes the logs and sample sheets of a training that is replaced. */
async function clear(folder: string): Promise<void> {
  await rm(join(folder, metrics), { force: true });
  const own = { logs: isEventFile, samples: (name: string) => /^step-\d{8,}\.png$/.test(name) };
  for (const [name, isOwn] of Object.entries(own)) {
    await refuseLinks(join(folder, name));
    const found = await readdir(join(folder, name)).catch(() => []);
    for (const file of found.filter(isOwn)) await rm(join(folder, name, file), { force: true });
  }
}
