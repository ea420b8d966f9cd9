// @ts-check
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The address of the repository, from the field `repository` of the root's package.json. Undefined
 * while the field is empty.
 *
 * @param {string} root
 */
export function repositoryOf(root) {
  const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return webAddress(repository) || undefined;
}

/** The address of a page, from any form of the field. @param {string | { url?: string } | undefined} field */
export function webAddress(field) {
  const url = typeof field === "string" ? field : field?.url;
  return url
    ?.replace(/^git\+/, "")
    .replace(/^github:/, "https://github.com/")
    .replace(/(\.git)?\/*$/, "");
}
