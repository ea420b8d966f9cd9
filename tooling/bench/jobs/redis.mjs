// A Redis for a bench: GEN_REDIS_SERVER, or the machine's redis-server or valkey-server.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { freePort } from "../../scripts/free-port.mjs";

/** Starts a Redis at a free port of an address, with the append-only file on, as the docs run it. */
export async function startRedis(host) {
  const programs = [process.env.GEN_REDIS_SERVER, "redis-server", "valkey-server"].filter(Boolean);
  const program = programs.find((path) => spawnSync(path, ["--version"]).status === 0);
  if (!program)
    throw new Error("this claim needs redis-server: install it, or set GEN_REDIS_SERVER");
  const port = await freePort(host);
  const folder = mkdtempSync(join(tmpdir(), "gen-redis-"));
  const flags = `--bind ${host} --port ${port} --protected-mode no --appendonly yes --dir ${folder}`;
  const child = spawn(program, flags.split(" "), { stdio: "ignore" });
  const ended = new Promise((done) => child.once("close", done));
  while (!(await answers(host, port))) await setTimeout(20);
  return {
    url: `redis://${host}:${port}`,
    async close() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const answers = (host, port) =>
  new Promise((done) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
