import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { root } from "../scripts/shell.mjs";

const readText = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // Not Linux, or the process ended.
  }
};

/** Describes the processor, the memory and the system. */
export function machine() {
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  const system = /^PRETTY_NAME="(.*)"/m.exec(readText("/etc/os-release"))?.[1] ?? process.platform;
  const model = cpus()[0]?.model.trim() || "unknown processor";
  return `${model}, ${availableParallelism()} cores, ${gib} GiB, ${system}, Node ${process.versions.node}`;
}

/** `NAME VERSION` of packages that package.json pins. */
export function versionsOf(names) {
  const pinned = ["package.json", "../../package.json"].map((path) =>
    JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")),
  );
  const all = { ...pinned[0].dependencies, ...pinned[1].devDependencies };
  return names.map((name) => `${name} ${all[name]}`);
}

/** The commit that is measured, if there is one. */
export function commit() {
  const git = (...args) =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "packages", "tooling/bench") !== "";
    return `commit ${git("rev-parse", "--short", "HEAD")}${changed ? " with changes" : ""}`;
  } catch {
    return "no commit";
  }
}

/** Processor time of this process's descendants, in milliseconds. Only Linux reports it. */
function childMilliseconds() {
  // File types would need a second look at each process, which may have ended.
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [name, ...readText(`/proc/${name}/stat`).split(") ").slice(-1)[0].split(" ")]);
  const parents = new Map(all.map(([pid, , parent]) => [pid, parent]));
  const isOwn = (pid) => {
    for (let at = parents.get(pid); at !== undefined; at = parents.get(at))
      if (at === String(process.pid)) return true;
    return false;
  };
  let ticks = 0;
  for (const [pid, , , ...rest] of all) if (isOwn(pid)) ticks += Number(rest[9]) + Number(rest[10]);
  return 10 * ticks;
}

const busyMilliseconds = () =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);

function ownMilliseconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + (process.platform === "linux" ? childMilliseconds() : 0);
}

/** Watches the load of other processes. `end()` returns whether they disturbed the measurement. */
export function watchLoad() {
  const [load, start, busy] = [loadavg()[0], performance.now(), busyMilliseconds()];
  let [own, before] = [0, ownMilliseconds()];
  // The system drops a process's times when it ends, so the times are added up while it runs.
  const add = () => {
    const now = ownMilliseconds();
    own += Math.max(0, now - before);
    before = now;
  };
  const timer = setInterval(add, 200).unref();
  return {
    /** `first`: whether this is the first claim. Later the load average is the bench's own. */
    end(first) {
      clearInterval(timer);
      add();
      const spent = (performance.now() - start) * cpus().length;
      const share = Math.max(0, (busyMilliseconds() - busy - own) / spent);
      return {
        text: `load average before ${load.toFixed(2)}, others used ${(100 * share).toFixed(0)} % of the processors meanwhile`,
        busy: share > 0.1 || (first && load > 0.5 * cpus().length),
      };
    },
  };
}
