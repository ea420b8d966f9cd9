// @ts-check
// Finds, or as a last resort installs, a Chromium for the browser tests.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { installFromDebian } from "./debian.mjs";
import { phase, root } from "./shell.mjs";

/** Environment variables that people and tools use for the path of a Chromium, first come first. */
const variables = [
  "GEN_BROWSER",
  "CHROME_PATH",
  "CHROME_BIN",
  "PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH",
  "PUPPETEER_EXECUTABLE_PATH",
];

const names = [
  "chromium",
  "chromium-browser",
  "google-chrome-stable",
  "google-chrome",
  "chrome",
  "microsoft-edge",
];

const applications = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  ...[process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"], process.env.LOCALAPPDATA].flatMap(
    (folder) =>
      folder
        ? [
            join(folder, "Google", "Chrome", "Application", "chrome.exe"),
            join(folder, "Microsoft", "Edge", "Application", "msedge.exe"),
          ]
        : [],
  ),
];

/**
 * The path of a Chromium that starts, or the reason why there is none. `GEN_BROWSER=none` asks for
 * none.
 *
 * @param {{ env?: NodeJS.ProcessEnv, mayInstall?: boolean }} [options]
 * @returns {Promise<{ path: string } | { missing: string }>}
 */
export async function findBrowser({ env = process.env, mayInstall = true } = {}) {
  if (env.GEN_BROWSER === "none") return { missing: "GEN_BROWSER is none" };
  for (const variable of variables) {
    const path = env[variable];
    if (!path) continue;
    if (starts(path)) return { path };
    throw new Error(`${variable} must be a browser that starts, got ${path}`);
  }
  const found = onThisMachine(env);
  if (found) return { path: found };
  if (!mayInstall) return { missing: "none is installed" };
  const reasons = [];
  const fromDebian = () => installFromDebian("chromium", env);
  for (const attempt of [fromDebian, installFromPlaywright]) {
    try {
      await attempt(env);
      const installed = onThisMachine(env);
      if (installed) return { path: installed };
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { missing: reasons.join("; ") };
}

/** @param {NodeJS.ProcessEnv} env */
function onThisMachine(env) {
  const onPath = (env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => ({ name, path: join(folder, name) })))
    .sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
    .map(({ path }) => path);
  return [...onPath, ...applications, ...fromPlaywright(env)].find(
    (path) => existsSync(path) && starts(path),
  );
}

/** The browsers that Playwright has downloaded, newest first. @param {NodeJS.ProcessEnv} env */
function fromPlaywright(env) {
  const folder = env.PLAYWRIGHT_BROWSERS_PATH ?? playwrightCache(env);
  if (!existsSync(folder)) return [];
  const places = [
    ["chrome-linux", "chrome"],
    ["chrome-linux64", "chrome"],
    ["chrome-linux", "headless_shell"],
    ["chrome-headless-shell-linux64", "chrome-headless-shell"],
    ["chrome-win", "chrome.exe"],
    ["chrome-win64", "chrome.exe"],
    ...["chrome-mac", "chrome-mac-arm64", "chrome-mac-x64"].flatMap((mac) => [
      [mac, "Chromium.app", "Contents", "MacOS", "Chromium"],
      [mac, "headless_shell"],
    ]),
  ];
  return readdirSync(folder)
    .filter((name) => name.startsWith("chromium"))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .flatMap((name) => places.map((place) => join(folder, name, ...place)));
}

/** @param {NodeJS.ProcessEnv} env */
function playwrightCache(env) {
  const home = env.HOME ?? homedir();
  if (process.platform === "darwin") return join(home, "Library", "Caches", "ms-playwright");
  if (process.platform === "win32") return join(env.LOCALAPPDATA ?? home, "ms-playwright");
  return join(env.XDG_CACHE_HOME ?? join(home, ".cache"), "ms-playwright");
}

/** Some systems put a stub on the path that only says how to install the browser. @param {string} path */
function starts(path) {
  // There the flag opens a window instead of printing the version.
  if (process.platform === "win32") return existsSync(path);
  try {
    execFileSync(path, ["--version"], { stdio: "ignore", timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/** @param {NodeJS.ProcessEnv} env */
async function installFromPlaywright(env) {
  const cli = join(root, "apps", "demo", "node_modules", "playwright-core", "cli.js");
  if (!existsSync(cli)) throw new Error("Playwright is not installed");
  await phase(
    "Downloading Playwright's chromium",
    process.execPath,
    [cli, "install", "--only-shell", "chromium"],
    { env: { ...env, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: "15000" }, optional: true },
  );
}
