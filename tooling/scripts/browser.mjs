// @ts-check
// Finds, or as a last resort installs, the browsers that pages are tested in: one for each engine.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { installFromDebian } from "./debian.mjs";
import { phase, root } from "./shell.mjs";

/** @typedef {"chromium" | "firefox" | "webkit"} Engine */

/** Folders of installed programs on Windows. */
const windowsPrograms = [
  process.env.PROGRAMFILES,
  process.env["PROGRAMFILES(X86)"],
  process.env.LOCALAPPDATA,
].filter((folder) => folder !== undefined);

/**
 * Where each engine's browser may be. `variables` are environment variables that people and tools use
 * for its path, first come first; `names` are programs on the PATH; `applications` and `libraries` are
 * fixed places; `playwright` are places inside a folder of Playwright's downloads that starts with the
 * engine's name; `debian` are the packages that bring it, with all that its tests need beside it.
 *
 * @type {Record<Engine, { variables: string[], names: string[], applications: string[], playwright: string[][], debian: string[] }>}
 */
const places = {
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
    // WebKitGTK's browser for tests, which distributions keep beside the library.
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

/** Each engine with the variable that first names its browser. */
export const engineVariables = /** @type {Engine[]} */ (Object.keys(places)).map((engine) => ({
  engine,
  variable: places[engine].variables[0],
}));

/**
 * The path of an engine's browser that starts, or the reason why there is none. `none` in the engine's
 * variable (`GEN_BROWSER`, `GEN_FIREFOX`, `GEN_WEBKIT`) asks for none.
 *
 * @param {{ engine?: Engine, env?: NodeJS.ProcessEnv, mayInstall?: boolean }} [options]
 * @returns {Promise<{ path: string } | { missing: string }>}
 */
export async function findBrowser({
  engine = "chromium",
  env = process.env,
  mayInstall = true,
} = {}) {
  const { variables, debian } = places[engine];
  if (env[variables[0]] === "none") return { missing: `${variables[0]} is none` };
  for (const variable of variables) {
    const path = env[variable];
    if (!path) continue;
    if (starts(engine, path, env)) return { path };
    throw new Error(`${variable} must be a browser that starts, got ${path}`);
  }
  const found = onThisMachine(engine, env);
  if (found) return { path: found };
  if (!mayInstall) return { missing: "none is installed" };
  const reasons = [];
  // Chromium is what most page tests run in; the other two are large, and hosted CI has room for them.
  const mayDownload = engine === "chromium" || env.CI;
  const fromDebian = () => installFromDebian(debian, env);
  const downloaded = () => installFromPlaywright(engine, env);
  for (const attempt of [fromDebian, ...(mayDownload ? [downloaded] : [])]) {
    try {
      await attempt();
      const installed = onThisMachine(engine, env);
      if (installed) return { path: installed };
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { missing: reasons.join("; ") };
}

/** @param {Engine} engine @param {NodeJS.ProcessEnv} env */
function onThisMachine(engine, env) {
  const { names, applications } = places[engine];
  const onPath = (env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => ({ name, path: join(folder, name) })))
    .sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
    .map(({ path }) => path);
  return [...onPath, ...applications, ...fromPlaywright(engine, env)].find(
    (path) => existsSync(path) && starts(engine, path, env),
  );
}

/** The engine's browsers that Playwright has downloaded, newest first. @param {Engine} engine @param {NodeJS.ProcessEnv} env */
function fromPlaywright(engine, env) {
  const folder = env.PLAYWRIGHT_BROWSERS_PATH ?? playwrightCache(env);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith(engine))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .flatMap((name) => places[engine].playwright.map((place) => join(folder, name, ...place)));
}

/** @param {NodeJS.ProcessEnv} env */
function playwrightCache(env) {
  const home = env.HOME ?? homedir();
  if (process.platform === "darwin") return join(home, "Library", "Caches", "ms-playwright");
  if (process.platform === "win32") return join(env.LOCALAPPDATA ?? home, "ms-playwright");
  return join(env.XDG_CACHE_HOME ?? join(home, ".cache"), "ms-playwright");
}

/**
 * Some systems put a stub on the path that only says how to install the browser.
 *
 * @param {Engine} engine
 * @param {string} path
 * @param {NodeJS.ProcessEnv} env
 */
function starts(engine, path, env) {
  // There the flag opens a window instead of printing the version.
  if (process.platform === "win32") return existsSync(path);
  // It starts on a display alone, which its tests make, and is driven by a program of its own.
  if (path.endsWith("MiniBrowser")) {
    return existsSync(path) && runs("WebKitWebDriver", "--help", env) && runs("Xvfb", "-help", env);
  }
  if (engine === "webkit") return existsSync(path);
  return runs(path, "--version", env);
}

/** @param {string} program @param {string} flag @param {NodeJS.ProcessEnv} env */
function runs(program, flag, env) {
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
  await phase(
    `Downloading Playwright's ${engine}`,
    process.execPath,
    [cli, "install", ...(engine === "chromium" ? ["--only-shell"] : []), engine],
    { env: { ...env, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: "15000" }, optional: true },
  );
}
