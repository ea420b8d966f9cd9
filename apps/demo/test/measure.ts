import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";

/** The gzipped bytes of each script that the page has loaded, from the built demo's folder. */
export async function scriptSizes(page: BrowserPage, folder: string): Promise<number[]> {
  const names = await page.evaluate(() =>
    performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname),
  );
  const scripts = new Set(names.filter((name) => /^\/assets\/.*\.js$/.test(name)));
  return Promise.all(
    [...scripts].map(async (name) => gzipSync(await readFile(join(folder, name))).length),
  );
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
    return count;
  }, milliseconds);
