// @ts-check
import { output } from "./command.mjs";

/**
 * What a registry knows of a package: its versions, its tags and who may publish it. Undefined where
 * no package has the name.
 *
 * @typedef {object} Known
 * @property {Record<string, { gitHead?: string, dist: { integrity?: string } }>} versions
 * @property {Record<string, string>} tags
 * @property {string[]} maintainers
 */

/** The registry that npm uses here, with a slash at its end. @param {string} [given] */
export async function registryAddress(given) {
  const address = given ?? (await output("npm", ["config", "get", "registry"]));
  return address.endsWith("/") ? address : `${address}/`;
}

/**
 * @param {string} registry
 * @param {string} name
 * @returns {Promise<Known | undefined>}
 */
export async function ask(registry, name) {
  const address = `${registry}${name.replace("/", "%2f")}`;
  // A cache between must not answer with what stood before the last publication.
  const headers = { accept: "application/json", "cache-control": "no-cache" };
  const answer = await fetch(address, { headers, signal: AbortSignal.timeout(60_000) });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  const found = /** @type {any} */ (await answer.json());
  return {
    versions: found.versions ?? {},
    tags: found["dist-tags"] ?? {},
    maintainers: (found.maintainers ?? []).map((/** @type {string | { name: string }} */ one) =>
      typeof one === "string" ? one : one.name,
    ),
  };
}

/** The account that npm is logged in with, or undefined. @param {string} registry */
export async function account(registry) {
  try {
    return await output("npm", ["whoami", "--registry", registry]);
  } catch {
    return undefined;
  }
}

/**
 * @param {string} registry
 * @param {string} tarball
 * @param {string} tag
 * @param {{ provenance: boolean }} options
 */
export async function publish(registry, tarball, tag, { provenance }) {
  const args = ["publish", tarball, "--registry", registry, "--tag", tag, "--access", "public"];
  await output("npm", provenance ? [...args, "--provenance"] : args);
}

/** @param {string} registry @param {string} name @param {string} version @param {string} tag */
export async function moveTag(registry, name, version, tag) {
  await output("npm", ["dist-tag", "add", `${name}@${version}`, tag, "--registry", registry]);
}

/** @param {string} registry @param {string} name @param {string} tag */
export async function removeTag(registry, name, tag) {
  await output("npm", ["dist-tag", "rm", name, tag, "--registry", registry]);
}
