import { AsyncLocalStorage } from "node:async_hooks";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";

const built = fileURLToPath(new URL("../dist/gen.js", import.meta.url));

/** The result of a run of the command. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  /** Arguments of node itself. */
  readonly node?: readonly string[];
  /** More variables of the environment. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Called with the whole of stderr each time it grows. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
  /** The same for stdout. */
  readonly onStdout?: (text: string, child: ChildProcess) => void;
}

/** Runs the built `gen` in a process of its own. */
export function gen(
  args: readonly string[],
  { node = [], variables, onStderr, onStdout }: RunOptions = {},
) {
  if (!existsSync(built)) throw new Error(`${built} is missing; run: npm run build`);
  return new Promise<Ran>((resolve, reject) => {
    // The help is in English on every machine.
    const language = { LC_ALL: "C" };
    const env = { ...process.env, NODE_OPTIONS: "", GEN_DEBUG: "", ...language, ...variables };
    const child = spawn(process.execPath, [...node, built, ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      onStdout?.(stdout, child);
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
      onStderr?.(stderr, child);
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** What the runs in this process print, each in its own record. */
const printed = new AsyncLocalStorage<{ stdout: string; stderr: string }>();
let catches = false;

/** Gives what a run in this process prints to its record. */
function catchOutput(): void {
  if (catches) return;
  catches = true;
  // Each run listens for Ctrl-C.
  process.setMaxListeners(0);
  for (const name of ["stdout", "stderr"] as const) {
    const write = process[name].write.bind(process[name]) as (...given: unknown[]) => boolean;
    process[name].write = (...given: unknown[]) => {
      const run = printed.getStore();
      if (!run) return write(...given);
      run[name] += String(given[0]);
      return true;
    };
  }
}

/** Runs `gen` of the sources within this process, which saves a second for each run. */
export async function genHere(args: readonly string[]): Promise<Ran> {
  catchOutput();
  const [{ program }, { exitCode, failureLine }] = await Promise.all([
    import("../src/program.ts"),
    import("../src/errors.ts"),
  ]);
  const run = { stdout: "", stderr: "" };
  const code = await printed.run(run, async () => {
    try {
      await program().parseAsync([...args], { from: "user" });
      return 0;
    } catch (error) {
      process.stderr.write(`gen: ${failureLine(error)}\n`);
      return exitCode(error);
    }
  });
  return { code, ...run };
}

/** Runs `gen` within this process, which must succeed, and returns its JSON. */
export async function runJsonHere(...args: string[]): Promise<Record<string, unknown>> {
  const ran = await genHere([...args, "--json"]);
  expect(ran.code, ran.stderr).toBe(0);
  return JSON.parse(ran.stdout);
}

/** Runs `gen` and sends Ctrl-C once stderr matches. */
export function interruptGen(args: readonly string[], when: RegExp): Promise<Ran> {
  let sent = false;
  return gen(args, {
    onStderr(text, child) {
      if (sent || !when.test(text)) return;
      sent = true;
      child.kill("SIGINT");
    },
  });
}

/** Runs `gen`, which must succeed, and returns its JSON. */
export async function runJson(...args: string[]): Promise<Record<string, unknown>> {
  const ran = await gen([...args, "--json"]);
  expect(ran.code, ran.stderr).toBe(0);
  return JSON.parse(ran.stdout);
}

/** Runs `gen`, which must refuse in one matching line, with exit code 2 and no stdout. */
export async function expectRefusal(args: readonly string[], message: RegExp, node?: string[]) {
  const ran = await gen(args, { node });
  expect(ran.stderr).toMatch(message);
  expect(ran.stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(ran.stderr).toMatch(/^gen: /);
  expect(ran.stdout).toBe("");
  expect(ran.code).toBe(2);
}

/** An empty folder of this test file's own; `at` gives paths in it. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), "gen-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    at: (...names: string[]) => join(folder, ...names),
    /**
     * All paths below a folder of the scratch folder, with half-written files. No concurrent test
     * may write there: a file that vanishes during the listing is an error.
     */
    files: (...names: string[]) =>
      readdirSync(join(folder, ...names), { recursive: true })
        .map(String)
        .sort(),
  };
}
