// @ts-check
/*
 * `npm run release` publishes all packages at their version, and sets the tags.
 *
 * It refuses what would go wrong (checks.mjs). Packages go up in the order of their dependencies,
 * under the tag `staged`. When all are up, `latest` moves. Every step asks the registry first, so
 * a release that was killed goes on when the same command runs again.
 *
 *   --scope @yours      publish under another scope: sources, types and manifests are renamed
 *   --registry URL      by default npm's own setting
 *   --snapshot          publish this commit under the tag `snapshot`, without git tags
 *   --provenance        sign where the packages were built (in GitHub's workflows)
 *   --checks COMMAND    what must pass, by default `bash .ci/run`; passed once for each commit
 *   --dry-run           check, build and pack, but publish nothing
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { build, checkNode, clean, install, toolEnvironment } from "../scripts/ready.mjs";
import { root, run } from "../scripts/shell.mjs";
import { registryProblems, tagProblems, treeProblems } from "./checks.mjs";
import { output } from "./command.mjs";
import { publishedPackages, sharedVersion } from "./packages.mjs";
import { account, ask, moveTag, publish, registryAddress, removeTag } from "./registry.mjs";
import { repositoryOf } from "./repository.mjs";
import { pack } from "./stage.mjs";

const staged = "staged";

process.once("SIGINT", () => {
  console.error("\ninterrupted; run the same command again to go on");
  process.exit(130);
});

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main() {
  const { values: options } = parseArgs({
    options: {
      scope: { type: "string" },
      registry: { type: "string" },
      snapshot: { type: "boolean", default: false },
      provenance: { type: "boolean", default: false },
      checks: { type: "string", default: "bash .ci/run" },
      "dry-run": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (options.help) return help();
  const { scope, snapshot } = options;
  if (scope !== undefined && !/^@[a-z0-9][a-z0-9._-]*$/.test(scope)) {
    throw new Error(`--scope must be a scope of npm such as @yours, got ${scope}`);
  }
  const packages = publishedPackages(root);
  const gitHead = await output("git", ["rev-parse", "HEAD"], { cwd: root });
  const version = snapshot ? await snapshotVersion(gitHead) : sharedVersion(packages);
  const names = packages.map(({ manifest }) =>
    scope ? `${scope}/${manifest.name.split("/")[1]}` : manifest.name,
  );
  const tags = snapshot ? [] : [...names.map((name) => `${name}@${version}`), `v${version}`];
  const registry = await registryAddress(options.registry);

  console.log(
    `${names.length} packages at ${version}, commit ${gitHead.slice(0, 12)}, to ${registry}`,
  );
  const commits = await output("git", ["rev-list", "--all"], { cwd: root });
  refuse([
    ...(await treeProblems(root, { snapshot })),
    ...(await tagProblems(root, tags, gitHead)),
    ...registryProblems(
      {
        registry,
        account: await account(registry),
        version,
        gitHead,
        commits: new Set(commits.split("\n")),
      },
      await askAll(registry, names),
    ),
  ]);

  checkNode();
  await install();
  await check(options.checks, gitHead);
  const tarballs = await packAll(packages, { gitHead, version, ...(scope && { scope }) });
  if (options["dry-run"])
    return console.log(`dry run, nothing was published:\n${tarballs.join("\n")}`);
  for (const [i, name] of names.entries()) {
    if ((await ask(registry, name))?.versions[version]) {
      console.log(`${name}@${version}: is up`);
      continue;
    }
    await publish(registry, tarballs[i], snapshot ? "snapshot" : staged, options);
    console.log(`${name}@${version}: published (${i + 1} of ${names.length})`);
  }
  if (!snapshot) await finish(registry, names, version, tags, gitHead);
  console.log(`released ${version}`);
}

/**
 * The tarballs of all packages, built anew for each commit. A release that goes on takes those of
 * its first try.
 *
 * @param {import("./packages.mjs").Package[]} packages
 * @param {{ gitHead: string, version: string, scope?: string }} stamp
 */
async function packAll(packages, stamp) {
  const cache = join(root, "node_modules", ".cache", "gen", "release");
  const folder = join(cache, `${stamp.scope ?? ""}${stamp.version}-${stamp.gitHead}`);
  const list = join(folder, "tarballs.json");
  if (!existsSync(list)) {
    clean();
    await build();
    rmSync(cache, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const repository = /** @type {string} */ (repositoryOf(root));
    const names = [];
    for (const one of packages) {
      names.push(basename(await pack(one, packages, { ...stamp, repository }, folder)));
    }
    writeFileSync(`${list}.part`, JSON.stringify(names));
    renameSync(`${list}.part`, list);
    console.log(`packed ${names.length} tarballs`);
  }
  /** @type {string[]} */
  const names = JSON.parse(readFileSync(list, "utf8"));
  return names.map((name) => join(folder, name));
}

/**
 * Moves `latest` and sets the tags of git, when all packages are up.
 *
 * @param {string} registry
 * @param {string[]} names
 * @param {string} version
 * @param {string[]} tags
 * @param {string} gitHead
 */
async function finish(registry, names, version, tags, gitHead) {
  const known = await askAll(registry, names);
  const missing = names.filter((name) => !known.get(name)?.versions[version]);
  if (missing.length > 0) {
    throw new Error(`not up yet: ${missing.join(", ")}; run the same command again`);
  }
  for (const name of names) {
    if (known.get(name)?.tags.latest !== version) await moveTag(registry, name, version, "latest");
  }
  for (const name of names) {
    if (known.get(name)?.tags[staged]) await removeTag(registry, name, staged);
  }
  console.log(`latest is ${version} in all ${names.length} packages`);
  for (const tag of tags) await output("git", ["tag", "--force", tag, gitHead], { cwd: root });
  const remotes = await output("git", ["remote"], { cwd: root });
  if (remotes.split("\n").includes("origin")) {
    await output("git", ["push", "origin", ...tags.map((tag) => `refs/tags/${tag}`)], {
      cwd: root,
    });
  }
  console.log(`set ${tags.length} tags`);
}

/** @param {string} registry @param {string[]} names */
async function askAll(registry, names) {
  const found = await Promise.all(names.map((name) => ask(registry, name)));
  return new Map(names.map((name, i) => [name, found[i]]));
}

/** @param {string[]} problems */
function refuse(problems) {
  if (problems.length === 0) return;
  throw new Error(`not released:\n${problems.map((problem) => `- ${problem}`).join("\n")}`);
}

/** Runs the checks, unless they passed for this commit. @param {string} command @param {string} gitHead */
async function check(command, gitHead) {
  const stamp = join(root, "node_modules", ".cache", "gen", "release-checked");
  const passed = `${gitHead} ${command}`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === passed) return;
  const [file, ...args] = command.split(" ");
  if ((await run(file, args, { env: toolEnvironment() })) !== 0) {
    throw new Error(`not released:\n- ${command} failed; its output is above`);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, passed);
}

/** A version below every release, that sorts by the commit's second. @param {string} gitHead */
async function snapshotVersion(gitHead) {
  const seconds = await output("git", ["show", "-s", "--format=%ct", gitHead], { cwd: root });
  const moment = new Date(Number(seconds) * 1000).toISOString().replace(/\D/g, "").slice(0, 14);
  return `0.0.0-snapshot.${moment}.g${gitHead.slice(0, 9)}`;
}

function help() {
  const [, text] = /\/\*\n([\s\S]*?)\n \*\//.exec(readFileSync(import.meta.filename, "utf8")) ?? [];
  console.log(text?.replace(/^ \* ?/gm, ""));
}
