// @ts-check
/*
 * `npm run release:rehearse [-- --kills 10 --seed 1]`
 *
 * A whole release from a clean clone of this commit against a registry on this machine: each refusal,
 * two versions that are killed at random moments and go on, a third one under another scope, a
 * snapshot, and a stranger who installs the results and runs them.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../scripts/shell.mjs";
import { uniform } from "../scripts/uniform.mjs";
import { output } from "./command.mjs";
import { publishedPackages } from "./packages.mjs";
import { ask } from "./registry.mjs";
import { installAsStranger } from "./stranger.mjs";
import { startRegistry } from "./verdaccio.mjs";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  },
});
const start = Date.now();
const folder = mkdtempSync(join(tmpdir(), "gen-rehearsal-"));
process.once("SIGINT", () => process.exit(130));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

try {
  await rehearse(Number(values.kills), uniform(Number(values.seed)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
process.exit(0);

/** @param {number} kills @param {() => number} random */
async function rehearse(kills, random) {
  say("clones this commit");
  const clone = join(folder, "clone");
  await output("git", ["clone", "--quiet", "--no-hardlinks", root, clone]);
  const git = (/** @type {string[]} */ ...args) => output("git", args, { cwd: clone });
  await git("remote", "remove", "origin");
  await git("checkout", "--quiet", "-B", "main");
  await git("config", "user.name", "rehearsal");
  await git("config", "user.email", "rehearsal@localhost");
  const commit = async (/** @type {string} */ message) => {
    await git("add", "--all");
    await git("commit", "--quiet", "--message", message);
  };

  say("starts a registry");
  const registry = await startRegistry(join(folder, "registry"), ["@gen", "@taken", "@yours"]);
  const [owner, stranger] = [await registry.login("owner"), await registry.login("somebody")];
  await takeName(registry.url, stranger);

  const green = ["--checks", "node -e 0"];
  /** @param {string[]} args @param {string} [account] */
  const release = (args, account = owner) =>
    npm(clone, account, ["run", "release", "--", "--registry", registry.url, ...args]);
  /** @param {string} reason @param {string[]} args @param {string} [account] */
  const refuses = async (reason, args = green, account = owner) => {
    const { code, text } = await release(args, account);
    if (code === 0 || !text.includes(reason))
      throw new Error(`was to refuse "${reason}":\n${text}`);
    if (await ask(registry.url, "@gen/math")) throw new Error(`${reason}: something was published`);
    say(`refuses: ${reason}`);
  };

  await refuses('package.json has no "repository"');
  const manifest = join(clone, "package.json");
  const text = readFileSync(manifest, "utf8");
  const repository = "https://github.com/rehearsal/rehearsal";
  writeFileSync(manifest, text.replace(/"repository": ".*"/, `"repository": "${repository}"`));
  await refuses("the working tree has 1 changed or new file");
  await commit("Name the repository");
  await refuses("pending");
  await refuses("the version is 0.0.0");
  await version(clone, owner);
  await commit("Version 0.1.0");
  await git("switch", "--quiet", "--create", "other");
  await refuses("a release is made from main, this is other");
  await git("switch", "--quiet", "main");
  await refuses("npm is not logged in", green, join(folder, "nobody"));
  await refuses("@taken/math at", [...green, "--scope", "@taken"]);
  await refuses("node -e process.exit(1) failed", ["--checks", "node -e process.exit(1)"]);

  const names = publishedPackages(clone).map(({ manifest }) => manifest.name);
  let killed = 0;
  for (let round = 1; killed < kills || round <= 2; round++) {
    if (round > 1) {
      writeFileSync(
        join(clone, ".changeset", "next.md"),
        '---\n"@gen/math": minor\n---\n\nNext.\n',
      );
      await commit("A change");
      await version(clone, owner);
      await commit("The next version");
    }
    const now = JSON.parse(readFileSync(join(clone, "packages/math/package.json"), "utf8")).version;
    const wanted = round === 1 ? Math.ceil(kills / 2) : kills;
    while (killed < wanted && (await killedRelease(clone, owner, registry.url, random, green))) {
      killed++;
      const up = await checkHalf(registry.url, names, now);
      say(`${now}: killed with ${up} of ${names.length} packages up (${killed} of ${kills} kills)`);
    }
    const { code, text } = await release(green);
    if (code !== 0) throw new Error(`did not go on:\n${text}`);
    await checkWhole(clone, registry.url, names, now);
    say(`${now}: each package is up once, latest and all tags stand`);
  }

  for (const args of [["--scope", "@yours"], ["--snapshot"]]) {
    const { code, text } = await release([...green, ...args]);
    if (code !== 0) throw new Error(`release ${args.join(" ")}:\n${text}`);
    say(`released with ${args.join(" ")}`);
  }
  say("another commit under the same version");
  writeFileSync(join(clone, "new-file"), "");
  await commit("Something else");
  const { code, text: words } = await release(green);
  if (code === 0 || !words.includes("exists already")) throw new Error(`was to refuse:\n${words}`);

  const snapshot = await ask(registry.url, "@gen/math");
  if (!snapshot?.tags.snapshot?.includes("-snapshot.")) throw new Error("no snapshot is tagged");
  if (snapshot.tags.latest?.includes("snapshot")) throw new Error("latest is a snapshot");
  for (const scope of ["@gen", "@yours"]) {
    say(await installAsStranger(join(folder, `stranger-${scope}`), registry.url, scope));
  }
  say("the rehearsal passed");
}

/** Another account publishes a package. @param {string} url @param {string} npmrc */
async function takeName(url, npmrc) {
  const package_ = join(folder, "taken");
  mkdirSync(package_);
  const manifest = { name: "@taken/math", version: "7.0.0" };
  writeFileSync(join(package_, "package.json"), JSON.stringify(manifest));
  const { code, text } = await npm(package_, npmrc, [
    "publish",
    "--registry",
    url,
    "--access",
    "public",
  ]);
  if (code !== 0) throw new Error(text);
}

/** @param {string} clone @param {string} npmrc */
async function version(clone, npmrc) {
  const { code, text } = await npm(clone, npmrc, ["run", "version-packages"]);
  if (code !== 0) throw new Error(text);
}

/**
 * Starts a release and kills it with all its children at a random moment of its publication.
 * Returns false if it ended first.
 *
 * @param {string} clone
 * @param {string} npmrc
 * @param {string} url
 * @param {() => number} random
 * @param {string[]} args
 * @returns {Promise<boolean>}
 */
function killedRelease(clone, npmrc, url, random, args) {
  return new Promise((resolve) => {
    const child = npmChild(clone, npmrc, ["run", "release", "--", "--registry", url, ...args]);
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const kill = () => child.pid && process.kill(-child.pid, "SIGKILL");
    child.stdout?.on("data", (text) => {
      // From the first word of the registry on, at a moment of the next 20 seconds.
      if (/packed|is up|published/.test(String(text)))
        timer ??= setTimeout(kill, random() * 20_000);
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve(code === null);
    });
  });
}

/**
 * After a kill: what is up has all that it needs, and `latest` has not moved unless all is up.
 *
 * @param {string} url
 * @param {string[]} names
 * @param {string} version
 */
async function checkHalf(url, names, version) {
  const known = await Promise.all(names.map((name) => ask(url, name)));
  const up = known.map((one) => one?.versions[version] !== undefined);
  const count = up.filter(Boolean).length;
  // Packages are sorted by dependency, so those that are up come first.
  if (up.indexOf(false) >= 0 && up.indexOf(false) < up.lastIndexOf(true)) {
    throw new Error(`${version}: a package is up before what it needs`);
  }
  const moved = known.filter((one) => one?.tags.latest === version).length;
  const isFirst = known.every((one) => Object.keys(one?.versions ?? {}).length <= 1);
  if (count < names.length && moved > 0 && !isFirst)
    throw new Error(`${version}: latest moved early`);
  return count;
}

/** @param {string} clone @param {string} url @param {string[]} names @param {string} version */
async function checkWhole(clone, url, names, version) {
  const tags = (await output("git", ["tag"], { cwd: clone })).split("\n");
  for (const tag of [...names.map((name) => `${name}@${version}`), `v${version}`]) {
    if (!tags.includes(tag)) throw new Error(`the tag ${tag} is missing`);
  }
  for (const name of names) {
    const known = await ask(url, name);
    if (known?.tags.latest !== version)
      throw new Error(`latest of ${name} is ${known?.tags.latest}`);
    if (known.tags.staged) throw new Error(`${name} still has the tag staged`);
  }
}

/** @param {string} cwd @param {string} npmrc @param {string[]} args */
function npmChild(cwd, npmrc, args) {
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true });
  const env = { ...process.env, HOME: home, npm_config_userconfig: npmrc, FORCE_COLOR: "0" };
  return spawn("npm", args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
}

/**
 * @param {string} cwd
 * @param {string} npmrc
 * @param {string[]} args
 * @returns {Promise<{ code: number | null, text: string }>}
 */
function npm(cwd, npmrc, args) {
  return new Promise((resolve, reject) => {
    const child = npmChild(cwd, npmrc, args);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (part) => {
        text += part;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, text }));
  });
}

/** @param {string} text */
function say(text) {
  console.log(`${String(Math.round((Date.now() - start) / 1000)).padStart(4)} s  ${text}`);
}
