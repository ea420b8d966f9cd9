// @ts-check
// Links to files of the repository. Its address is the field `repository` of the root's package.json. While
// the field is missing, a page shows the path.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./packages.mjs";

const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** @param {string | { url?: string } | undefined} field */
export function webAddress(field) {
  const url = typeof field === "string" ? field : field?.url;
  return url
    ?.replace(/^git\+/, "")
    .replace(/^github:/, "https://github.com/")
    .replace(/\.git$/, "");
}

/** A file as HTML: a link, or its path. @param {string} path @param {number} [line] */
export function sourceLink(path, line, address = webAddress(repository)) {
  const code = `<code>${path}</code>`;
  if (!address) return code;
  return `<a href="${address}/blob/main/${path}${line ? `#L${line}` : ""}">${code}</a>`;
}
