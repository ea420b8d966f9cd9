import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Builder, Button, Capabilities, Key, Origin, type WebDriver } from "selenium-webdriver";
import { freePort } from "../../scripts/free-port.mjs";
import type { Launch, LaunchOptions, PageDriver } from "../page-driver.ts";

/** Drives WebKitGTK's MiniBrowser through WebKitWebDriver, on a separate display. */
export const webdriver: Launch = async (executablePath, options) => {
  const display = await startDisplay();
  const once = () => startSession(executablePath, display.name, options);
  // MiniBrowser sometimes ends while it starts; the driver then never answers.
  const start = () => once().catch(once);
  let spare: RunningSession | undefined = await start().catch((error) => {
    display.process.kill();
    throw error;
  });
  const version = String((await spare.session.getCapabilities()).get("browserVersion"));
  const open = new Set<RunningSession>([spare]);
  return {
    version,
    // WebKitWebDriver allows one session at a time, so each page gets its own browser.
    async newPage() {
      const running = spare ?? (await start());
      spare = undefined;
      open.add(running);
      return pageDriver(running.session, async () => {
        open.delete(running);
        await running.end();
      });
    },
    async close() {
      for (const running of open) await running.end();
      display.process.kill();
    },
  };
};

interface RunningSession {
  readonly session: WebDriver;
  end(): Promise<void>;
}

async function startSession(
  binary: string,
  display: string,
  options: LaunchOptions,
): Promise<RunningSession> {
  const service = await startService(binary, display, options);
  try {
    const capabilities = new Capabilities()
      .set("browserName", "MiniBrowser")
      .set("webkitgtk:browserOptions", { binary, args: ["--automation"] });
    const builder = new Builder().usingServer(service.url).withCapabilities(capabilities);
    const late = delay(60_000, undefined, { ref: false }).then(() => {
      throw new Error("WebKitWebDriver opened no session within 60 s");
    });
    const session = await Promise.race([builder.build(), late]);
    // Tests wait for long computations, and vitest has a limit.
    await session.manage().setTimeouts({ script: 3_600_000 });
    return {
      session,
      end: () => session.quit().finally(() => service.process.kill()),
    };
  } catch (error) {
    service.process.kill();
    throw error;
  }
}

/** Ends a program when this process exits. */
function endOnExit(child: ChildProcess): ChildProcess {
  const end = () => void child.kill();
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  return child;
}

/** Starts Xvfb, which chooses a free display. */
async function startDisplay(): Promise<{ name: string; process: ChildProcess }> {
  const args = ["-displayfd", "3", "-screen", "0", "1600x1400x24"];
  const process = endOnExit(spawn("Xvfb", args, { stdio: ["ignore", "ignore", "ignore", "pipe"] }));
  const pipe = process.stdio[3] as NodeJS.ReadableStream;
  const name = await new Promise<string>((resolve, reject) => {
    pipe.once("data", (number) => resolve(`:${String(number).trim()}`));
    process.once("error", reject);
    process.once("exit", (code) => reject(new Error(`Xvfb ended with code ${code}`)));
  });
  return { name, process };
}

/** The path of WebKitWebDriver: beside the browser in a local build, on the PATH otherwise. */
function servicePath(executablePath: string): string {
  const folders = [join(executablePath, ".."), ...(process.env.PATH ?? "").split(delimiter)];
  const found = folders.map((folder) => join(folder, "WebKitWebDriver")).find(existsSync);
  if (!found) throw new Error("WebKit's tests need WebKitWebDriver on the PATH");
  return found;
}

async function startService(
  executablePath: string,
  display: string,
  { colorScheme, reducedMotion, systemLocale = "en_US.UTF-8" }: LaunchOptions,
): Promise<{ url: string; process: ChildProcess }> {
  const port = await freePort();
  const env = {
    ...process.env,
    DISPLAY: display,
    LANG: systemLocale,
    LC_ALL: systemLocale,
    ...(colorScheme === "dark" && { GTK_THEME: "Adwaita:dark" }),
    ...(reducedMotion && { XDG_CONFIG_HOME: settingsWithoutAnimations() }),
    // WebKit's sandbox cannot start as root.
    ...(process.getuid?.() === 0 && { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" }),
  };
  const service = endOnExit(
    spawn(servicePath(executablePath), [`--port=${port}`], { stdio: "ignore", env }),
  );
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries++) {
    const ready = await fetch(`${url}/status`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return { url, process: service };
    await delay(100);
  }
  service.kill();
  throw new Error("WebKitWebDriver did not start within 10 s");
}

let settings: string | undefined;

/** A folder of settings for GTK, whose switch for animations WebKit takes as reduced motion. */
function settingsWithoutAnimations(): string {
  if (settings) return settings;
  const folder = mkdtempSync(join(tmpdir(), "gen-gtk-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "gtk-3.0"));
  const text = "[Settings]\ngtk-enable-animations=0\n";
  writeFileSync(join(folder, "gtk-3.0", "settings.ini"), text);
  settings = folder;
  return folder;
}

const keys: Record<string, string> = {
  ArrowLeft: Key.ARROW_LEFT,
  ArrowRight: Key.ARROW_RIGHT,
  ArrowUp: Key.ARROW_UP,
  ArrowDown: Key.ARROW_DOWN,
  Backspace: Key.BACK_SPACE,
  End: Key.END,
  Enter: Key.ENTER,
  Escape: Key.ESCAPE,
  Home: Key.HOME,
  Space: Key.SPACE,
  Tab: Key.TAB,
};

function pageDriver(session: WebDriver, close: () => Promise<void>): PageDriver {
  const problems: string[] = [];
  const mouse = () => session.actions({ async: true });
  // WebDriver does not report the console. The test server's pages record it themselves.
  const collectProblems = async () => {
    const collected = await session.executeScript<string[]>(
      "const all = window.problems ?? []; window.problems = []; return all;",
    );
    problems.push(...collected);
  };
  return {
    async goto(url) {
      await collectProblems();
      await session.get(url);
    },
    async reload() {
      await collectProblems();
      await session.navigate().refresh();
    },
    async evaluate(expression) {
      const { value, error } = await session.executeAsyncScript<{ value?: string; error?: string }>(
        `const done = arguments[arguments.length - 1];
        Promise.resolve(${expression}).then(
          (value) => done({ value }),
          (error) => done({ error: String(error && error.message || error) }),
        );`,
      );
      if (error !== undefined && error !== null) throw new Error(error);
      return value ?? undefined;
    },
    moveMouse: (x, y) =>
      mouse()
        .move({ x: Math.round(x), y: Math.round(y), origin: Origin.VIEWPORT, duration: 0 })
        .perform(),
    pressMouse: () => mouse().press(Button.LEFT).perform(),
    releaseMouse: () => mouse().release(Button.LEFT).perform(),
    pressKey: (key) =>
      mouse()
        .sendKeys(keys[key] ?? key)
        .perform(),
    async resize(width, height) {
      // The window has a bar above the page. Only the page tells its height.
      const window = session.manage().window();
      await window.setRect({ width, height });
      const inner = await session.executeScript<number[]>("return [innerWidth, innerHeight]");
      await window.setRect({ width: 2 * width - inner[0], height: 2 * height - inner[1] });
    },

    async problems() {
      await collectProblems();
      return problems;
    },
    close,
  };
}
