import { stat } from "node:fs/promises";
import { join } from "node:path";
import { loadPipeline, type Pipeline } from "@gen/sampling";
import { UsageError } from "./errors.ts";
import { readBounded } from "./files.ts";

const fileLimit = 2 ** 31;

/** Loads a pipeline folder. @throws UsageError naming the file that is missing, too large or damaged. */
export async function readModelFolder(folder: string): Promise<Pipeline> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new UsageError(`--model ${folder} is not a folder`);
  try {
    return await loadPipeline((path) => readBounded(join(folder, path), fileLimit), {
      limit: fileLimit,
    });
  } catch (error) {
    throw new UsageError(`--model ${folder}: ${(error as Error).message}`, { cause: error });
  }
}
