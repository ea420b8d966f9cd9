import { findBrowser } from "../../scripts/browser.mjs";
import { boundRow, milliseconds, seconds } from "../demo/bound-row.mjs";
import { loadedBytes, watchPage } from "../demo/in-page.mjs";
import { withBook } from "../demo/site.mjs";

export const title = "The book in headless Chromium";

/** A page of each kind; of the guide the one with the most formulas. */
const pages = {
  "home page": "",
  "lesson DDIM": "lessons/ddim.html",
  "lesson DDIM, Chinese": "zh/lessons/ddim.html",
  "guide From DDPM to DDIM": "guide/ddpm-to-ddim.html",
  "reference of ddim": "reference/ddim.html",
};
/** How long a page is watched after it has loaded: the home page's run takes 2.4 s. */
const WATCH = 4000;
const kilobytes = (v) => `${(v / 1000).toFixed(1)} kB`;

/** The time until the home page's points move. */
async function motionRow(open, quick) {
  const values = [];
  for (let i = 0; i < (quick ? 1 : 5); i++) {
    const { page, close } = await open("", { before: watchPage });
    await page.waitForFunction(() => globalThis.seen.motion > 0);
    values.push(await page.evaluate(() => globalThis.seen.motion));
    await close();
  }
  const work = "home page: cold open to the first motion";
  return boundRow({ work, values, bound: 1000, unit: seconds });
}

export async function measure({ quick }) {
  const found = await findBrowser({ mayInstall: false });
  if ("missing" in found) {
    const peer = `no Chromium: ${found.missing}; set GEN_BROWSER to the path of one`;
    return [{ work: title, ours: "not measured", peer, target: "all bounds" }];
  }
  return withBook(found.path, async ({ open, version }) => {
    const rows = [await motionRow(open, quick)];
    for (const [name, path] of Object.entries(pages)) {
      const visits = [];
      for (let i = 0; i < (quick ? 1 : 5); i++) {
        const { page, close } = await open(path, { slow: true, before: watchPage });
        await page.waitForTimeout(WATCH);
        const { tasks, paint } = await page.evaluate(() => globalThis.seen);
        const bytes = await page.evaluate(loadedBytes);
        const task = Math.max(0, ...tasks.map(({ duration }) => duration));
        visits.push({ task, paint, bytes });
        await close();
      }
      const of = (key) => visits.map((visit) => visit[key]);
      rows.push(
        boundRow({
          work: `${name}: longest task, CPU 4x slower`,
          values: of("task"),
          bound: 200,
          unit: milliseconds,
          note: `${version}; each visit without a cache, files gzipped; median of the visits, all in parentheses; 0 ms: no task above 50 ms`,
        }),
        boundRow({
          work: `${name}: largest paint, CPU 4x slower`,
          values: of("paint"),
          bound: 2500,
          unit: seconds,
        }),
        boundRow({
          work: `${name}: bytes before anything is run`,
          values: of("bytes"),
          bound: 300_000,
          unit: kilobytes,
        }),
      );
    }
    return rows;
  });
}
