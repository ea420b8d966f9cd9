// @ts-check
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { root } from "../scripts/shell.mjs";
import { peerCpu } from "./pytorch.mjs";

/** Processor, memory and system, in words. */
export function machine() {
  const model = cpus()[0]?.model.trim() || "unknown processor";
  const cores = availableParallelism();
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  return `${model}, ${cores} cores, ${gib} GiB, ${systemName()}, Node ${process.versions.node}`;
}

function systemName() {
  try {
    const name = /^PRETTY_NAME="(.*)"/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
    if (name) return name;
  } catch {
    // Not Linux.
  }
  return `${type()} ${release()}`;
}

const require = createRequire(import.meta.url);

/** `name version` of an npm package. @param {string} name */
export function npmVersion(name) {
  let folder = require.resolve(name);
  while (folder.length > 1) {
    folder = folder.slice(0, Math.max(folder.lastIndexOf("/"), folder.lastIndexOf("\\")));
    try {
      const manifest = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
      if (manifest.name === name) return `${name} ${manifest.version}`;
    } catch {
      // The package's own folder is further up.
    }
  }
  return name;
}

/** The commit that is measured, where git knows it. */
export function commit() {
  const git = (/** @type {string[]} */ ...args) =>
    execFileSync("git", args, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "packages", "tooling/bench") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${changed ? " with changes" : ""}`;
  } catch {
    return undefined;
  }
}

const busyMilliseconds = () =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
const ownMilliseconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + peerCpu();
};

/** Above these, others' work bends the figures. */
const highLoad = 0.5;
const highShare = 0.1;

/** Watches what the rest of the machine does meanwhile. */
export function watchLoad() {
  const load = loadavg()[0];
  const cores = cpus().length;
  const start = performance.now();
  const busy = busyMilliseconds();
  let own = 0;
  let before = ownMilliseconds();
  // Peers take their account with them when they end, so it is added up as it goes.
  const add = () => {
    const now = ownMilliseconds();
    own += Math.max(0, now - before);
    before = now;
  };
  const timer = setInterval(add, 200);
  timer.unref();
  return {
    /** @param {boolean} [first] Whether nothing of this benchmark ran before. */
    end(first = true) {
      clearInterval(timer);
      add();
      const others = busyMilliseconds() - busy - own;
      const share = Math.max(0, others / ((performance.now() - start) * cores));
      // Later on the load average is our own doing.
      const loud = first && load > highLoad * cores;
      return {
        text: `load average before ${load.toFixed(2)}, others used ${(100 * share).toFixed(0)} % of the processors meanwhile`,
        busy: loud || share > highShare,
      };
    },
  };
}
