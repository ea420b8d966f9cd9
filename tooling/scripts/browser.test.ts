import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findBrowser } from "./browser.mjs";

const folder = mkdtempSync(join(tmpdir(), "gen-browser-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that exits with the given code, in place of a browser. */
function program(path: string, exitCode: number): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\nexit ${exitCode}\n`);
  chmodSync(file, 0o755);
  return file;
}

const find = (env: Record<string, string>) =>
  findBrowser({ env: { HOME: folder, PATH: "", ...env }, mayInstall: false });

// The stand-ins are shell scripts, and macOS has browsers in fixed places.
describe.skipIf(process.platform !== "linux")("findBrowser", () => {
  const system = program("bin/chromium", 0);
  const stub = program("stub/chromium", 1);
  const playwright = program("cache/chromium-1300/chrome-linux/chrome", 0);
  program("cache/chromium-999/chrome-linux/chrome", 0);

  it("takes the path that GEN_BROWSER names before any other", async () => {
    const own = program("own/browser", 0);
    expect(await find({ GEN_BROWSER: own, PATH: dirname(system) })).toEqual({ path: own });
  });

  it("refuses a named browser that does not start", async () => {
    await expect(find({ CHROME_PATH: stub })).rejects.toThrow(
      `CHROME_PATH must be a browser that starts, got ${stub}`,
    );
  });

  it("takes the system's browser before Playwright's", async () => {
    const env = { PATH: dirname(system), PLAYWRIGHT_BROWSERS_PATH: join(folder, "cache") };
    expect(await find(env)).toEqual({ path: system });
  });

  it("passes over a stub that does not start, to Playwright's newest", async () => {
    const env = { PATH: dirname(stub), PLAYWRIGHT_BROWSERS_PATH: join(folder, "cache") };
    expect(await find(env)).toEqual({ path: playwright });
  });

  it("says why there is none", async () => {
    expect(await find({})).toEqual({ missing: "none is installed" });
    expect(await find({ GEN_BROWSER: "none" })).toEqual({ missing: "GEN_BROWSER is none" });
  });
});
