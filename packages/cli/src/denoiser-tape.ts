/*
 * A record of what a denoiser has answered, so that a run whose server died goes on. A run of a seed
 * asks for the same numbers in the same order, so that the answers of a file take the place of the
 * server's, whatever the sampler is.
 *
 *   line    JSON of the run's settings
 *   answer  width of a number (4 or 8), count, as uint32 each; then the numbers, little-endian
 */
import { open } from "node:fs/promises";
import type { DenoiserFunction } from "@gen/sampling";
import { removeTemporary } from "./atomic-files.ts";
import { usageError } from "./errors.ts";
import { readBounded } from "./files.ts";

const LIMIT = 2 ** 33;

/** A denoiser whose answers are kept in a file until the run is done. */
export interface DenoiserTape {
  readonly denoiser: DenoiserFunction;
  /** Answers that the file has from an earlier run. */
  readonly known: number;
  /** Closes the file, and removes it with `done`. */
  close(done: boolean): Promise<void>;
}

/**
 * Keeps a denoiser's answers at `path`, and gives those that are there.
 * @throws GenError `usage` when the file is of another run, or exists and `resume` is false.
 */
export async function denoiserTape(
  denoise: DenoiserFunction,
  {
    path,
    settings,
    resume,
    force,
  }: {
    readonly path: string;
    readonly settings: object;
    readonly resume: boolean;
    readonly force: boolean;
  },
): Promise<DenoiserTape> {
  const line = `${JSON.stringify(settings)}\n`;
  const before = await readBounded(path, LIMIT);
  if (before && !resume && !force)
    throw usageError(`${path} has the steps of a run: pass --resume to go on, or --force`);
  const kept = before && resume ? before : undefined;
  if (kept && !Buffer.from(kept).toString("latin1", 0, line.length).startsWith(line))
    throw usageError(
      `--resume: ${path} is of a run with other settings; pass the same, or --force`,
    );
  const { answers, end } = kept ? readAnswers(kept, line.length) : { answers: [], end: 0 };
  const file = await open(path, kept ? "r+" : "w");
  // The rest is an answer that was not written to its end.
  await file.truncate(end);
  let at = end;
  const append = async (bytes: Uint8Array) => {
    await file.write(bytes, 0, bytes.length, at);
    at += bytes.length;
  };
  if (!kept) await append(Buffer.from(line));
  let asked = 0;
  return {
    known: answers.length,
    async denoiser(x, t) {
      const known = answers[asked++];
      if (known) return known;
      const answer = Float64Array.from(await denoise(x, t));
      await append(recordOf(answer));
      return answer;
    },
    async close(done) {
      await file.close();
      if (done) await removeTemporary(path);
    },
  };
}

function recordOf(numbers: Float64Array): Uint8Array {
  const isSingle = numbers.every((value) => Math.fround(value) === value);
  const values = isSingle ? Float32Array.from(numbers) : numbers;
  const head = new Uint8Array(Uint32Array.of(values.BYTES_PER_ELEMENT, values.length).buffer);
  return Buffer.concat([head, new Uint8Array(values.buffer)]);
}

function readAnswers(bytes: Uint8Array, start: number) {
  const answers: Float64Array[] = [];
  // A copy, because numbers begin at a multiple of their size.
  const copyOf = (from: number, to: number) => Uint8Array.from(bytes.subarray(from, to)).buffer;
  let end = start;
  for (;;) {
    if (end + 8 > bytes.length) return { answers, end };
    const [width, count] = new Uint32Array(copyOf(end, end + 8));
    const next = end + 8 + width * count;
    if (next > bytes.length) return { answers, end };
    const part = copyOf(end + 8, next);
    answers.push(Float64Array.from(width === 4 ? new Float32Array(part) : new Float64Array(part)));
    end = next;
  }
}
