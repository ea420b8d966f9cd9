/*
 * A backend in a process of its own. Native code that crashes, or takes more memory than there is,
 * ends that process alone:
 *
 *   signal or exit code -> GenError `backend-crashed` for every call -> the caller opens a new one
 *
 * The process ends with its parent, however the parent ends.
 */
import { GenError } from "@gen/math";
import type { Remote } from "./port.ts";
import { type Library, programFile } from "./programs.ts";

/** The most characters of stderr that are kept for an error. */
const tailLength = 2 ** 14;

/** What keeps this process alive. */
interface Holder {
  ref?(): void;
  unref?(): void;
}

/** Starts a process that serves a backend of `library`. */
export function startProcess(library: Library, file = programFile(library)): Remote {
  const debug = Boolean(process.env.GEN_DEBUG);
  const child = process.getBuiltinModule("node:child_process").fork(file, [], {
    // Flags of this process, such as a debugger's port, are not the other's.
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", debug ? "inherit" : "pipe", "ipc"],
  });
  let tail = "";
  let ended = false;
  let lastSent: Promise<unknown> = Promise.resolve();
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-tailLength);
  });
  const hold = (held: boolean) => {
    // In Bun a pipe has neither function.
    const holders = [child, child.channel, child.stderr] as (Holder | null | undefined)[];
    for (const each of holders) held ? each?.ref?.() : each?.unref?.();
  };
  hold(false);
  return {
    postMessage(message) {
      // A message that cannot leave is answered by `died`.
      lastSent = new Promise((resolve) => child.send(message as object, resolve));
    },
    addEventListener: (_, listener) => child.on("message", (data) => listener({ data })),
    sent: () => lastSent,
    died: new Promise((resolve) => {
      const die = (how: string) => {
        if (!ended) resolve((work) => crashed(library, work, how, tail));
      };
      child.once("error", ({ message }) => die(`did not start: ${message}`));
      // After `close`, all of stderr has come.
      child.once("close", (code, signal) =>
        die(signal ? `died of ${signal}` : `ended with code ${code}`),
      );
    }),
    hold,
    end() {
      ended = true;
      child.kill("SIGKILL");
    },
  };
}

function crashed(library: Library, work: string, how: string, tail: string): GenError {
  const words = tellingLine(tail);
  const advice = /SIGKILL|out of memory|bad_alloc/.test(how + words)
    ? "perhaps memory ran out: a smaller batch or model may help"
    : "its native code may not stand this model: try another backend";
  return new GenError(
    "backend-crashed",
    `the process of ${library} ${how} while ${work}; ${advice}; its tensors are gone, open a new backend${words && ` (it wrote: ${words})`}`,
  );
}

/** The line of a crash's output that says most, without colors. */
function tellingLine(output: string): string {
  const plain = process.getBuiltinModule("node:util").stripVTControlCharacters(output);
  const lines = plain.split("\n").map((line) => line.trim());
  const line = lines.find((each) => /error|fatal|terminate/i.test(each)) ?? lines.findLast(Boolean);
  return (line ?? "").slice(0, 200);
}
