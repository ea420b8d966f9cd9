import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { gen, scratch } from "./gen.ts";

const { at, files } = scratch();
const model = fileURLToPath(new URL("reference/unet-28", import.meta.url));
const long = ["sample", "--model", model, "--sampler", "ddpm", "--count", "4"];

const childrenOf = (pid: number | undefined) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Samples, and calls `act` with the runtime's process once the first step is done. */
async function sampleUntil(out: string, act: (runtime: number, gen: number) => void) {
  const runtimes: number[] = [];
  const ran = await gen([...long, "--out", at(out)], {
    onStderr(text, child) {
      if (runtimes.length > 0 || !text.includes("DDPM on")) return;
      runtimes.push(...childrenOf(child.pid));
      act(runtimes[0], child.pid as number);
    },
  });
  expect(runtimes).toHaveLength(1);
  await expect.poll(() => isAlive(runtimes[0]), { timeout: 10_000 }).toBe(false);
  return ran;
}

test.each(["SIGSEGV", "SIGFPE", "SIGKILL"] as const)(
  "%s in the runtime is one line and exit code 1, and nothing is written",
  async (signal) => {
    const { code, stdout, stderr } = await sampleUntil("crashed", (runtime) =>
      process.kill(runtime, signal),
    );
    expect(code).toBe(1);
    expect(stdout).toBe("");
    const lines = stderr.split("\n").filter((line) => line.startsWith("gen: "));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      new RegExp(`^gen: the process of onnx died of ${signal} while running a model .{1,400}$`),
    );
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(lines[0]);
    expect(files()).toEqual([]);
  },
);

test("a killed gen leaves no process", async () => {
  const { code } = await sampleUntil("killed", (_, gen) => process.kill(gen, "SIGKILL"));
  expect(code).toBe(null);
  expect(files()).toEqual([]);
});

test("Ctrl-C ends the runtime's process", async () => {
  const { code } = await sampleUntil("stopped", (_, gen) => process.kill(gen, "SIGINT"));
  expect(code).toBe(130);
  expect(files()).toEqual([]);
});
