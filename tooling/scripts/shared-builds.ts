import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { inject } from "vitest";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of what the test files of a run share. */
    builds: string;
  }
}

/** Vitest calls this before a run. The folder goes after the run. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "gen-builds-"));
  project.provide("builds", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}

/**
 * Builds into a folder once in a run, and returns the folder. The first test file that asks builds,
 * the others wait. If the build fails, each of them fails.
 */
export async function buildOnce(
  name: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(inject("builds"), name);
  const [done, failed] = [`${folder}.done`, `${folder}.failed`];
  if (!existsSync(folder) && claim(folder)) {
    await build(folder).catch((error) => {
      writeFileSync(failed, "");
      throw error;
    });
    writeFileSync(done, "");
  }
  while (!existsSync(done)) {
    if (existsSync(failed)) throw new Error(`another test file could not build "${name}"`);
    await delay(100);
  }
  return folder;
}

/** Makes a folder. Returns `false` if another process has made it. */
function claim(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
