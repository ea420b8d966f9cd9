// @ts-check
// Links to files of the repository. Its address is the field `repository` of the root's package.json. While
// the field is missing, a page shows the path.
import { repositoryOf } from "../../../tooling/release/repository.mjs";
import { root } from "./packages.mjs";

const known = repositoryOf(root);

/** A file as HTML: a link, or its path. @param {string} path @param {number} [line] */
export function sourceLink(path, line, address = known) {
  const code = `<code>${path}</code>`;
  if (!address) return code;
  return `<a href="${address}/blob/main/${path}${line ? `#L${line}` : ""}">${code}</a>`;
}
