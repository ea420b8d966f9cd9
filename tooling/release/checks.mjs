// @ts-check
// What a release refuses before it changes anything, each with its reason and what to do.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "./command.mjs";
import { repositoryOf } from "./repository.mjs";

/** @typedef {import("./registry.mjs").Known} Known */

/**
 * Why a working tree cannot be released: one sentence for each reason.
 *
 * @param {string} root
 * @param {{ snapshot?: boolean }} [options] a snapshot may have pending changesets, and any branch
 * @returns {Promise<string[]>}
 */
export async function treeProblems(root, { snapshot = false } = {}) {
  const git = (/** @type {string[]} */ ...args) => output("git", args, { cwd: root });
  const problems = [];
  const dirty = await git("status", "--porcelain");
  if (dirty) {
    const files = dirty.split("\n");
    problems.push(
      `the working tree has ${files.length} changed or new ${files.length === 1 ? "file" : "files"} (${files[0].slice(3)}${files.length > 1 ? ", ..." : ""}): commit or remove them`,
    );
  }
  if (!repositoryOf(root)) {
    problems.push(
      'package.json has no "repository": write its address there, such as https://github.com/OWNER/NAME, and commit it',
    );
  }
  if (snapshot) return problems;
  const { baseBranch } = JSON.parse(readFileSync(join(root, ".changeset", "config.json"), "utf8"));
  const branch = await git("rev-parse", "--abbrev-ref", "HEAD");
  if (branch !== baseBranch) {
    problems.push(
      `a release is made from ${baseBranch}, this is ${branch}: git switch ${baseBranch}`,
    );
  }
  const pending = pendingChangesets(root);
  if (pending.length > 0) {
    problems.push(
      `${pending.length} ${pending.length === 1 ? "changeset is" : "changesets are"} pending (${pending[0]}${pending.length > 1 ? ", ..." : ""}): npm run version-packages, then commit`,
    );
  }
  return problems;
}

/** @param {string} root */
export function pendingChangesets(root) {
  return readdirSync(join(root, ".changeset")).filter(
    (name) => name.endsWith(".md") && name !== "README.md",
  );
}

/**
 * Why a version cannot be put under these names.
 *
 * @param {object} release
 * @param {string} release.registry
 * @param {string | undefined} release.account
 * @param {string} release.version
 * @param {string} release.gitHead
 * @param {Set<string>} release.commits the commits of this repository
 * @param {Map<string, Known | undefined>} known what the registry knows of each name
 * @returns {string[]}
 */
export function registryProblems({ registry, account, version, gitHead, commits }, known) {
  if (!account) return [`npm is not logged in at ${registry}: npm login --registry ${registry}`];
  const problems = [];
  if (version === "0.0.0") problems.push("the version is 0.0.0: npm run version-packages first");
  const foreign = [...known].flatMap(([name, found]) =>
    found && !isOurs(found, account, commits) ? [{ name, owners: found.maintainers }] : [],
  );
  if (foreign.length > 0) {
    const owners = [...new Set(foreign.flatMap(({ owners }) => owners))].join(", ");
    const names = foreign.map(({ name }) => name).join(", ");
    problems.push(
      `${names} at ${registry} ${foreign.length === 1 ? "belongs" : "belong"} to ${owners || "somebody else"}, not to ${account}: publish under a scope of your own, npm run release -- --scope @${account}`,
    );
    return problems;
  }
  for (const [name, found] of known) {
    const there = found?.versions[version];
    if (there && there.gitHead !== gitHead) {
      problems.push(
        `${name}@${version} exists already, made from ${there.gitHead ?? "an unnamed commit"}: add a changeset and run npm run version-packages`,
      );
    }
  }
  return problems;
}

/**
 * Whether a name is ours: the account maintains it. Where the registry names no maintainers, a
 * version must have been made from a commit of this repository.
 *
 * @param {Known} found
 * @param {string} account
 * @param {Set<string>} commits
 */
function isOurs({ maintainers, versions }, account, commits) {
  if (maintainers.length > 0) return maintainers.includes(account);
  return Object.values(versions).some(({ gitHead }) => gitHead && commits.has(gitHead));
}

/**
 * Why the tags of a release cannot be set: those that stand on another commit.
 *
 * @param {string} root
 * @param {string[]} tags
 * @param {string} gitHead
 */
export async function tagProblems(root, tags, gitHead) {
  const lines = await output("git", ["tag", "--format=%(refname:short) %(objectname)"], {
    cwd: root,
  });
  const at = new Map(
    lines
      .split("\n")
      .filter(Boolean)
      .map((line) => /** @type {[string, string]} */ (line.split(" "))),
  );
  return tags
    .filter((tag) => at.has(tag) && at.get(tag) !== gitHead)
    .map((tag) => `the tag ${tag} stands on ${at.get(tag)}, not on this commit`);
}
