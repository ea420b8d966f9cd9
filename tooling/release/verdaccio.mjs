// @ts-check
// A registry on this machine alone: Verdaccio in a folder of its own, which passes names that are
// not ours on to npm's registry.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../scripts/free-port.mjs";
import { root } from "../scripts/shell.mjs";
import { output } from "./command.mjs";
import { registryAddress } from "./registry.mjs";

const version = "6.8.0";

/**
 * @typedef {object} Registry
 * @property {string} url
 * @property {(account: string) => Promise<string>} login the path of an npmrc for the account
 * @property {() => void} close
 */

/**
 * @param {string} folder where the registry keeps its files
 * @param {string[]} scopes the scopes that it does not pass on
 * @returns {Promise<Registry>}
 */
export async function startRegistry(folder, scopes) {
  const program = await installed();
  const port = await freePort("localhost");
  const url = `http://localhost:${port}/`;
  mkdirSync(folder, { recursive: true });
  const ours = scopes.map((scope) => [`${scope}/*`, { access: "$all", publish: "$authenticated" }]);
  const config = {
    storage: join(folder, "storage"),
    auth: { htpasswd: { file: join(folder, "htpasswd"), max_users: 100 } },
    uplinks: { outside: { url: await registryAddress(), maxage: "60m" } },
    packages: { ...Object.fromEntries(ours), "**": { access: "$all", proxy: "outside" } },
    max_body_size: "100mb",
    log: { type: "file", path: join(folder, "log"), level: "warn" },
  };
  // JSON is YAML.
  writeFileSync(join(folder, "config.yaml"), JSON.stringify(config, null, 2));
  const args = [program, "--config", join(folder, "config.yaml"), "--listen", `localhost:${port}`];
  const child = spawn(process.execPath, args, { stdio: "ignore" });
  process.once("exit", () => child.kill());
  await answers(`${url}-/ping`);

  let users = 0;
  return {
    url,
    close: () => child.kill(),
    async login(account) {
      const answer = await fetch(`${url}-/user/org.couchdb.user:${account}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: account, password: `only-on-loopback-${account}` }),
      });
      const { token } = /** @type {{ token: string }} */ (await answer.json());
      const path = join(folder, `npmrc-${users++}`);
      writeFileSync(path, `registry=${url}\n//localhost:${port}/:_authToken=${token}\n`);
      return path;
    },
  };
}

/** Installs Verdaccio once, outside the workspace's own dependencies. */
async function installed() {
  const folder = join(root, "node_modules", ".cache", "gen", `verdaccio-${version}`);
  const program = join(folder, "node_modules", "verdaccio", "bin", "verdaccio");
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    const manifest = {
      private: true,
      dependencies: { verdaccio: version },
      overrides: { "node-fetch": "2.7.0" },
    };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    await output("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], {
      cwd: folder,
    });
  }
  return program;
}

/** @param {string} url */
async function answers(url) {
  for (let tries = 0; tries < 300; tries++) {
    try {
      if ((await fetch(url)).ok) return;
    } catch {}
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the registry did not start at ${url} within a minute`);
}
