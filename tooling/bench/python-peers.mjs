import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { spread, timesAsFast } from "./measure.mjs";
import { benchPython } from "./python.mjs";

const children = new Set();
process.once("exit", () => {
  for (const child of children) child.kill();
});

async function start(script, way, { threads = 2, args = [] } = {}) {
  const file = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
  const child = spawn(await benchPython(), [file, String(threads), way, ...args], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: "pipe",
  });
  children.add(child);
  child.once("exit", () => children.delete(child));
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors = (errors + text).slice(-2000);
  });
  child.once("error", ({ message }) => {
    errors = message;
  });
  // A peer that ends is reported by the missing answer, not by its closed stdin.
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    const answer = done ? { error: errors.trim().split("\n").at(-1) } : JSON.parse(value);
    if (answer.error === undefined) return answer;
    const advice = /No module named/.test(answer.error)
      ? "; GEN_BENCH_PYTHON must have the packages of tooling/bench/requirements.txt"
      : "";
    throw new Error(`${script} failed: ${answer.error || "no reason given"}${advice}`);
  };
  const { library, threads: used } = await read();
  const name = `${way}, ${used} ${used === 1 ? "thread" : "threads"}`;
  return {
    way: name,
    name: `${library}, ${name}`,
    request(command) {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return read();
    },
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", resolve);
        child.stdin.end();
      }),
  };
}

/**
 * Starts a peer of `peers/` in one way, for example "eager, Adam". `request(command)` returns its
 * answer. If the peer cannot start, `name` is the reason and `request` is undefined.
 */
export const startPeer = (...peer) =>
  start(...peer).catch(({ message }) => ({ name: message, stop: () => {} }));

/**
 * Starts a peer in all its ways: `[way, threads]` each. `first` is the first request, whose answer is
 * in `peers`. A way that cannot start or fails in the first request is left out.
 */
export async function startWays(script, ways, { args, first = { do: "steps", count: 1 } } = {}) {
  const [peers, missing] = [[], []];
  for (const [way, threads = 2] of ways) {
    let peer;
    try {
      peer = await start(script, way, { threads, args });
      const answer = await peer.request(first);
      peers.push({ ...peer, answer });
    } catch ({ message }) {
      peer?.stop();
      missing.push({ way, message });
      console.error(`${way}: ${message}`);
    }
  }
  return {
    peers,
    sides: Object.fromEntries(
      peers.map(({ name, request }) => [name, (count) => request({ do: "steps", count })]),
    ),
    /** The way with the smallest ratio, as fields of `speedRow`. The note has the other times. */
    best(blocks) {
      const ratio = ({ name }) => timesAsFast(blocks.ours, blocks[name]);
      const [fastest, ...others] = peers.toSorted((a, b) => ratio(a) - ratio(b));
      if (!fastest) return { name: [...new Set(missing.map(({ message }) => message))].join("; ") };
      const notes = [
        ...others.map((peer) => `${peer.way}: ${spread(blocks[peer.name].flat())}`),
        ...missing.map(({ way, message }) => `${way}: left out, ${message}`),
      ];
      return {
        peer: blocks[fastest.name],
        name: fastest.name,
        ...(notes.length > 0 && { note: `the peer's other ways: ${notes.join("; ")}` }),
      };
    },
    stop: () => Promise.all(peers.map(({ stop }) => stop())),
  };
}
