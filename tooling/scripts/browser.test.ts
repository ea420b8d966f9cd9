import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Engine, findBrowser } from "./browser.mjs";

const folder = mkdtempSync(join(tmpdir(), "gen-browser-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a program that exits with `exitCode`, in place of a browser. */
function program(path: string, exitCode: number): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\nexit ${exitCode}\n`);
  chmodSync(file, 0o755);
  return file;
}

const find = (env: Record<string, string>, engine?: Engine) =>
  findBrowser({ engine, env: { HOME: folder, PATH: "", ...env }, mayInstall: false });

// The test programs are shell scripts. macOS has browsers at fixed paths.
describe.skipIf(process.platform !== "linux")("findBrowser", () => {
  const system = program("bin/chromium", 0);
  const stub = program("stub/chromium", 1);
  const playwright = program("cache/chromium-1300/chrome-linux/chrome", 0);
  program("cache/chromium-999/chrome-linux/chrome", 0);

  it("prefers the path in GEN_BROWSER", async () => {
    const own = program("own/browser", 0);
    expect(await find({ GEN_BROWSER: own, PATH: dirname(system) })).toEqual({ path: own });
  });

  it("refuses a named browser that does not start", async () => {
    await expect(find({ CHROME_PATH: stub })).rejects.toThrow(
      `CHROME_PATH must be a browser that starts, got ${stub}`,
    );
  });

  it("prefers the system's browser to Playwright's", async () => {
    const env = { PATH: dirname(system), PLAYWRIGHT_BROWSERS_PATH: join(folder, "cache") };
    expect(await find(env)).toEqual({ path: system });
  });

  it("skips a stub that does not start and takes Playwright's newest", async () => {
    const env = { PATH: dirname(stub), PLAYWRIGHT_BROWSERS_PATH: join(folder, "cache") };
    expect(await find(env)).toEqual({ path: playwright });
  });

  it("returns the reason when there is none", async () => {
    expect(await find({})).toEqual({ missing: "none is installed" });
    expect(await find({ GEN_BROWSER: "none" })).toEqual({ missing: "GEN_BROWSER is none" });
  });

  it("finds each engine by its own variable, names and downloads", async () => {
    const firefox = program("firefox/firefox-esr", 0);
    const downloaded = program("cache/webkit-2300/pw_run.sh", 0);
    const env = { PATH: dirname(firefox), PLAYWRIGHT_BROWSERS_PATH: join(folder, "cache") };
    expect(await find(env, "firefox")).toEqual({ path: firefox });
    const own = program("own/firefox", 0);
    expect(await find({ ...env, GEN_FIREFOX: own }, "firefox")).toEqual({ path: own });
    expect(await find({ GEN_FIREFOX: "none" }, "firefox")).toEqual({
      missing: "GEN_FIREFOX is none",
    });
    expect(await find({ ...env, GEN_WEBKIT: downloaded }, "webkit")).toEqual({ path: downloaded });
    // A Chromium is not returned for another engine.
    expect(await find({ PATH: dirname(system) }, "firefox")).toEqual({
      missing: "none is installed",
    });
  });

  it("takes WebKitGTK's browser only if its tests' two programs are installed", async () => {
    const browser = program("webkit/MiniBrowser", 1);
    program("services/WebKitWebDriver", 0);
    const env = { GEN_WEBKIT: browser, PATH: join(folder, "services") };
    await expect(find(env, "webkit")).rejects.toThrow(
      `GEN_WEBKIT must be a browser that starts, got ${browser}`,
    );
    program("services/Xvfb", 0);
    expect(await find(env, "webkit")).toEqual({ path: browser });
  });
});
