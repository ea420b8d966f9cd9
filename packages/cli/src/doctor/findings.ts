/*
 * What is missing or broken on a machine, each with the command that mends it. The errors of the
 * backends name their commands; this file says how much each one matters.
 */
import { inRange } from "./ranges.ts";

/** What is missing or broken. */
export interface Finding {
  readonly what: string;
  /** The command, or the page, that mends it. */
  readonly fix: string;
}

/** What is known of the machine. */
export interface Facts {
  /** The version of Node, and the range that gen needs. */
  readonly node: string;
  readonly nodeRange: string;
  /** The name of the platform, as Node gives it. */
  readonly platform: string;
  /** The optional packages: their ranges, and what is installed. */
  readonly packages: readonly {
    readonly name: string;
    readonly range: string;
    readonly version?: string;
  }[];
  readonly backends: readonly {
    readonly backend: string;
    readonly available: boolean;
    readonly detail: string;
  }[];
  readonly cache: { readonly folder: string; readonly error?: string };
  /** Where gen's own file lies. */
  readonly script: string;
}

/** Backends that compute on one thread of JavaScript. */
const slow = ["cpu", "tfjs/cpu"];

/** What keeps gen from its work, and what would only add to it. */
export function findings(facts: Facts): { problems: Finding[]; optional: Finding[] } {
  const { node, nodeRange, platform, packages, backends, cache, script } = facts;
  const problems: Finding[] = [];
  const optional: Finding[] = [];
  if (!inRange(node, nodeRange)) {
    const what = `gen needs Node ${nodeRange}, and this is ${node}`;
    problems.push({ what, fix: "https://nodejs.org/en/download" });
  }
  for (const { name, range, version } of packages) {
    if (version === undefined || inRange(version, range)) continue;
    const what = `${name} ${version} is installed, and gen is tested with ${range}`;
    problems.push({ what, fix: installedHere(`npm install "${name}@${range}"`, script) });
  }
  const fast = backends.some(({ backend, available }) => available && !slow.includes(backend));
  const seen = new Set<string>();
  for (const { available, detail } of backends) {
    const [what, command] = detail.split("; run: ");
    if (available || command === undefined || seen.has(what)) continue;
    seen.add(what);
    const absent = what.endsWith("is not installed");
    // Of all that is not installed, the first gives the fastest backend, and one is enough.
    const matters = !absent || (!fast && problems.length === 0);
    (matters ? problems : optional).push({ what, fix: installedHere(command, script) });
  }
  if (cache.error !== undefined) {
    const what = `models cannot be kept in ${cache.folder}: ${cache.error}`;
    const set = platform === "win32" ? "set" : "export";
    problems.push({ what, fix: `${set} XDG_CACHE_HOME=FOLDER` });
  }
  return { problems, optional };
}

/**
 * A command that installs a package where gen finds it: beside a global gen, or in the folder that
 * npx makes for one call.
 *
 * @param command A command with `npm install` or `npm uninstall`.
 * @param script Where gen's own file lies.
 */
export function installedHere(command: string, script: string): string {
  const npx = /[\\/]_npx[\\/]/.test(script);
  const packages = /npm install (\S+)$/.exec(command)?.[1];
  if (npx && packages) {
    return command.replace(/npm install \S+$/, `npx -p @gen/cli -p ${packages} gen doctor`);
  }
  const global = /[\\/](?:lib|npm)[\\/]node_modules[\\/]@[^\\/]+[\\/]cli[\\/]/.test(script);
  return global ? command.replace(/npm (un)?install/g, "$& -g") : command;
}
