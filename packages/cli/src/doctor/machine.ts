import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir, readFile, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { errorLine } from "../errors.ts";

/** The makers of GPUs by their PCI number. */
const makers: Readonly<Record<string, string>> = {
  "0x10de": "NVIDIA",
  "0x1002": "AMD",
  "0x8086": "Intel",
};

/**
 * The GPUs that the system names: by NVIDIA's tool with memory and driver, on Linux else by their
 * makers. Empty where nothing is known, as on macOS.
 */
export async function gpus(): Promise<string[]> {
  try {
    const args = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"];
    const { stdout } = await promisify(execFile)("nvidia-smi", args, { timeout: 10_000 });
    return stdout
      .trim()
      .split("\n")
      .map((line) => line.trim().replace(/, ([^,]*)$/, ", driver $1"));
  } catch {
    // Without the tool there may be another GPU.
  }
  const folder = "/sys/class/drm";
  const names = await readdir(folder).catch(() => []);
  const cards = names.filter((name) => /^card\d+$/.test(name));
  const found = cards.map(async (card) => {
    const vendor = await readFile(`${folder}/${card}/device/vendor`, "utf8").catch(() => "");
    return makers[vendor.trim()];
  });
  return (await Promise.all(found)).filter((name) => name !== undefined);
}

/** The folder of downloaded models: the bytes free there, or why it cannot be written. */
export async function cacheFacts(
  folder: string,
): Promise<{ folder: string; freeBytes?: number; error?: string }> {
  try {
    const there = await nearest(folder);
    await access(there, constants.W_OK);
    const { bavail, bsize } = await statfs(there);
    return { folder, freeBytes: bavail * bsize };
  } catch (error) {
    return { folder, error: errorLine(error) };
  }
}

/** The folder, or the first above it that exists. */
async function nearest(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    const missing = await access(path).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === "ENOENT",
    );
    if (!missing || path === dirname(path)) return path;
  }
}
