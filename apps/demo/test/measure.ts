import { readFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";

/** The most bytes of script, gzipped, that a room may load before it needs a backend. */
const MOST_SCRIPT = 90_000;

/**
 * Counts the scripts that a server sends to pages and their workers, from the folder of the built demo.
 * A service worker's own downloads come after the first picture, and do not count.
 */
export function scriptCounter(folder: string) {
  const names = new Set<string>();
  return {
    /** For `serve`, as its `headers`. */
    headers(path: string, { "sec-fetch-dest": dest }: IncomingHttpHeaders): Record<string, string> {
      if (/^\/assets\/.*\.m?js$/.test(path) && (dest === "script" || dest === "worker"))
        names.add(path);
      return {};
    },
    /** Waits until no script has come for a while. */
    async quiet(): Promise<void> {
      for (let before = -1; before < names.size; ) {
        before = names.size;
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
    },
    /** Expects that all scripts so far are within the budget. */
    async expectLight(): Promise<void> {
      const sizes = await Promise.all(
        [...names].map(async (name) => gzipSync(await readFile(join(folder, name))).length),
      );
      const bytes = sizes.reduce((sum, each) => sum + each, 0);
      expect(bytes).toBeGreaterThan(20_000);
      expect(bytes, `bytes of ${[...names].join(" ")}`).toBeLessThanOrEqual(MOST_SCRIPT);
    },
  };
}

/** The sum of all layout shifts of the page so far. */
export const layoutShift = (page: BrowserPage): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const each of list.getEntries()) sum += (each as unknown as { value: number }).value;
        }).observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve(sum), 200);
      }),
  );

/**
 * Expects that the page comes to rest: half a second without a request for an animation frame. A
 * figure asks for one when its size has changed, which may be late.
 */
export const expectRest = (page: BrowserPage): Promise<void> =>
  expect.poll(() => framesRequested(page, 500), { timeout: 5000 }).toBe(0);

/** The number of animation frames that the page requests in so many milliseconds. */
export const framesRequested = (page: BrowserPage, milliseconds: number): Promise<number> =>
  page.evaluate(async (wait) => {
    let count = 0;
    const original = window.requestAnimationFrame;
    window.requestAnimationFrame = (callback) => {
      count++;
      return original(callback);
    };
    await new Promise((resolve) => setTimeout(resolve, wait));
    window.requestAnimationFrame = original;
    return count;
  }, milliseconds);
