// @ts-check
// Finds the browser of each engine for the page tests. Installs one if none is found.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { installFromDebian } from "./debian.mjs";
import { root, runPhase } from "./shell.mjs";

/** @typedef {"chromium" | "firefox" | "webkit"} Engine */

/** Folders of installed programs on Windows. */
const windowsPrograms = [
  process.env.PROGRAMFILES,
  process.env["PROGRAMFILES(X86)"],
  process.env.LOCALAPPDATA,
].filter((folder) => folder !== undefined);

/**
 * Where each engine's browser may be, in the order of the search:
 *
 * @typedef {object} Locations
 * @property {string[]} variables environment variables that hold its path
 * @property {string[]} names programs on the PATH
 * @property {string[]} applications fixed paths
 * @property {string[][]} playwright paths inside a download of Playwright for this engine
 * @property {string[]} debian the packages that contain the browser and what its tests need
 */

/** @type {Record<Engine, Locations>} */
const locations = {
  chromium: {
    variables: [
      "GEN_BROWSER",
      "CHROME_PATH",
      "CHROME_BIN",
      "PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH",
      "PUPPETEER_EXECUTABLE_PATH",
    ],
    names: [
      "chromium",
      "chromium-browser",
      "google-chrome-stable",
      "google-chrome",
      "chrome",
      "microsoft-edge",
    ],
    applications: [
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      "/Applications/Chromium.app/Contents/MacOS/Chromium",
      "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
      ...windowsPrograms.flatMap((folder) => [
        join(folder, "Google", "Chrome", "Application", "chrome.exe"),
        join(folder, "Microsoft", "Edge", "Application", "msedge.exe"),
      ]),
    ],
    playwright: [
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
    ],
    debian: ["chromium"],
  },
  firefox: {
    variables: ["GEN_FIREFOX", "FIREFOX_BIN"],
    names: ["firefox-esr", "firefox"],
    applications: [
      "/Applications/Firefox.app/Contents/MacOS/firefox",
      ...windowsPrograms.map((folder) => join(folder, "Mozilla Firefox", "firefox.exe")),
    ],
    playwright: [
      ["firefox", "firefox"],
      ["firefox", "firefox.exe"],
      ["firefox", "Nightly.app", "Contents", "MacOS", "firefox"],
    ],
    debian: ["firefox-esr"],
  },
  webkit: {
    variables: ["GEN_WEBKIT"],
    names: [],
    // WebKitGTK's test browser. Distributions install it beside the library.
    applications: [
      "/usr/lib/x86_64-linux-gnu",
      "/usr/lib/aarch64-linux-gnu",
      "/usr/lib",
      "/usr/lib64",
      "/usr/libexec",
    ].flatMap((folder) => [
      `${folder}/webkit2gtk-4.1/MiniBrowser`,
      `${folder}/webkitgtk-6.0/MiniBrowser`,
    ]),
    playwright: [["pw_run.sh"], ["Playwright.exe"]],
    debian: ["webkit2gtk-driver", "xvfb"],
  },
};

/** Each engine with the environment variable for its browser. */
export const engineVariables = /** @type {Engine[]} */ (Object.keys(locations)).map((engine) => ({
  engine,
  variable: locations[engine].variables[0],
}));

/**
 * The path of a browser of the engine that starts, or the reason why there is none. The value
 * `none` in the engine's variable (`GEN_BROWSER`, `GEN_FIREFOX`, `GEN_WEBKIT`) skips the search.
 *
 * @param {{ engine?: Engine, env?: NodeJS.ProcessEnv, mayInstall?: boolean }} [options]
 * @returns {Promise<{ path: string } | { missing: string }>}
 */
export async function findBrowser({
  engine = "chromium",
  env = process.env,
  mayInstall = true,
} = {}) {
  const { variables, debian } = locations[engine];
  if (env[variables[0]] === "none") return { missing: `${variables[0]} is none` };
  for (const variable of variables) {
    const path = env[variable];
    if (!path) continue;
    if (canStart(engine, path, env)) return { path };
    throw new Error(`${variable} must be a browser that starts, got ${path}`);
  }
  const found = findInstalled(engine, env);
  if (found) return { path: found };
  if (!mayInstall) return { missing: "none is installed" };
  const reasons = [];
  // Most page tests run in Chromium. The other two are large, so only hosted CI downloads them.
  const mayDownload = engine === "chromium" || env.CI;
  const useDebian = () => installFromDebian(debian, env);
  const usePlaywright = () => installFromPlaywright(engine, env);
  for (const install of [useDebian, ...(mayDownload ? [usePlaywright] : [])]) {
    try {
      await install();
      const installed = findInstalled(engine, env);
      if (installed) return { path: installed };
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { missing: reasons.join("; ") };
}

/** @param {Engine} engine @param {NodeJS.ProcessEnv} env */
function findInstalled(engine, env) {
  const { names, applications } = locations[engine];
  const onPath = (env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => ({ name, path: join(folder, name) })))
    .sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
    .map(({ path }) => path);
  return [...onPath, ...applications, ...playwrightPaths(engine, env)].find(
    (path) => existsSync(path) && canStart(engine, path, env),
  );
}

/**
 * The engine's browsers that Playwright has downloaded, newest first.
 *
 * @param {Engine} engine
 * @param {NodeJS.ProcessEnv} env
 */
function playwrightPaths(engine, env) {
  const folder = env.PLAYWRIGHT_BROWSERS_PATH ?? playwrightCache(env);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith(engine))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .flatMap((name) => locations[engine].playwright.map((path) => join(folder, name, ...path)));
}

/** @param {NodeJS.ProcessEnv} env */
function playwrightCache(env) {
  const home = env.HOME ?? homedir();
  if (process.platform === "darwin") return join(home, "Library", "Caches", "ms-playwright");
  if (process.platform === "win32") return join(env.LOCALAPPDATA ?? home, "ms-playwright");
  return join(env.XDG_CACHE_HOME ?? join(home, ".cache"), "ms-playwright");
}

/**
 * Whether a program starts. Some systems have a stub on the PATH that only says how to install the
 * browser.
 *
 * @param {Engine} engine
 * @param {string} path
 * @param {NodeJS.ProcessEnv} env
 */
function canStart(engine, path, env) {
  // On Windows the flag opens a window and does not print the version.
  if (process.platform === "win32") return existsSync(path);
  // MiniBrowser starts only on a display, which the tests create. WebKitWebDriver drives it.
  if (path.endsWith("MiniBrowser")) {
    return (
      existsSync(path) &&
      exitsWithZero("WebKitWebDriver", "--help", env) &&
      exitsWithZero("Xvfb", "-help", env)
    );
  }
  if (engine === "webkit") return existsSync(path);
  return exitsWithZero(path, "--version", env);
}

/** @param {string} program @param {string} flag @param {NodeJS.ProcessEnv} env */
function exitsWithZero(program, flag, env) {
  try {
    execFileSync(program, [flag], { stdio: "ignore", timeout: 30_000, env });
    return true;
  } catch {
    return false;
  }
}

/** @param {Engine} engine @param {NodeJS.ProcessEnv} env */
async function installFromPlaywright(engine, env) {
  const cli = join(root, "tooling", "browser", "node_modules", "playwright-core", "cli.js");
  if (!existsSync(cli)) throw new Error("Playwright is not installed");
  await runPhase(
    `Downloading Playwright's ${engine}`,
    process.execPath,
    [cli, "install", ...(engine === "chromium" ? ["--only-shell"] : []), engine],
    { env: { ...env, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: "15000" }, optional: true },
  );
}
