// A backend's program that dies in a run, in the way that `options.how` names.
import { setFlagsFromString } from "node:v8";

// The built files, as a process that starts without vitest needs them. They are absent when the
// import rules are checked before the first build, so they are loaded by address.
const built = (file) => import(new URL(`../../dist/${file}`, import.meta.url));
const { cpuBackend } = await built("cpu.js");
const { serveHere } = await built("remote/serve-here.js");

const deaths = {
  memory() {
    // As V8 ends a process whose heap is full.
    setFlagsFromString("--max-old-space-size=20");
    const lists = [];
    for (;;) lists.push(new Array(1e6).fill(lists.length));
  },
  exit() {
    console.error("\u001b[31mthe last line\u001b[m");
    process.exit(3);
  },
  hang() {
    for (;;);
  },
};

serveHere(async ({ how }) => {
  const backend = cpuBackend();
  return {
    ...backend,
    async compile(graph) {
      const program = await backend.compile(graph);
      const die = () => (deaths[how] ?? (() => process.kill(process.pid, how)))();
      return { ...program, run: (inputs) => die() ?? program.run(inputs) };
    },
  };
});
