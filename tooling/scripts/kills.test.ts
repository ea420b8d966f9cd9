import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { allEngines } from "../browser/engines.ts";

const script = fileURLToPath(new URL("kills.mjs", import.meta.url));
const kills = (...args: string[]) =>
  promisify(execFile)(process.execPath, [script, ...args]).then(
    ({ stdout }) => stdout,
    ({ stderr }: { stderr: string }) => stderr,
  );

it.runIf(allEngines)("killed trainings resume to the files of an undisturbed one", async () => {
  const names = ["vae", "ddpm", "classifier", "fine-tune", "lora", "factor", "vq"];
  const lines = (await kills("--times", "18", "--commands", names.join())).trimEnd().split("\n");
  expect(lines.at(-1)).toBe("18 kills (seed 1): all files identical");
  const identical = lines.filter((line) => line.endsWith(": identical")).join("\n");
  for (const name of names) expect(identical).toContain(` ${name}, killed at`);
});

it.each([
  ["--times", "0", "--times must be a positive integer, got 0\n"],
  ["--seed", "x", "--seed must be an integer, got x\n"],
  [
    "--commands",
    "vae,cat",
    "--commands takes vae,ddpm,classifier,fine-tune,lora,factor,vq,quickstart, got cat\n",
  ],
])("%s %s is refused", async (flag, value, line) => {
  expect(await kills(flag, value)).toBe(line);
});
