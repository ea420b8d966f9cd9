import { repositoryVersions } from "../scripts/versions.mjs";

/*
 * Where the built site lies. All settings come from the environment:
 *
 *   GEN_SITE_URL      the address of the site's root, such as https://example.org/gen/. Shared links
 *                     need it. Without it, addresses of pictures have no host.
 *   GEN_DOCS_VERSION  `v1.2` builds the docs of a release, which lie in the folder `v1.2/` of the root
 */

const { GEN_SITE_URL = "", GEN_DOCS_VERSION: version = "next" } = process.env;

if (version !== "next" && !/^v\d+\.\d+$/.test(version)) {
  throw new Error(`GEN_DOCS_VERSION must be like v1.2, got ${version}`);
}

const root = GEN_SITE_URL === "" ? "/" : new URL(GEN_SITE_URL).pathname.replace(/\/?$/, "/");

/** The path of this build: the root, or the folder of a release. */
export const base = version === "next" ? root : `${root}${version}/`;

/** The address of a path of this build, absolute if the site's is known. */
export function addressOf(path: string): string {
  const local = base + path.replace(/^\//, "");
  return GEN_SITE_URL === "" ? local : new URL(local, GEN_SITE_URL).href;
}

/** Whether addresses have a host. */
export const hasAddress = GEN_SITE_URL !== "";

export { version };
export const versions = repositoryVersions();
