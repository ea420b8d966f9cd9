import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The demo, built as it is published. */
export async function buildDemo(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "gen-demo-"));
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const { NODE_ENV: _, ...env } = process.env;
  await promisify(execFile)(
    process.execPath,
    [vite, "build", "--outDir", folder, "--emptyOutDir", "--logLevel", "error"],
    { cwd: root, env },
  );
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** The room of points as a person uses it. */
export function pointsRoom(page: BrowserPage) {
  return {
    choose: (toy: string) => page.click(`.toy:has([value=${toy}])`),
    button: (panel: string, text: string) => ({ selector: `${panel} button`, text }),
    status: () => page.text(".train [role=status]"),
    badge: (panel: string) => page.text(`${panel} .badge code`),
    distance: async (method: string) =>
      Number(await page.text(`[data-method=${method}] [data-role=distance]`)),
    pixels: (canvas: string) => page.evaluate(countPixels, `${canvas} canvas.plot`),

    /** Waits until both methods, or the one, have come to their end and are shown there. */
    sampled: (methods = ["ddpm", "ddim"]) =>
      page.waitFor(
        (all) =>
          all.every((method) => {
            const view = document.querySelector(`[data-method=${method}]`);
            const arrived = view?.querySelector(".stage .corner")?.textContent?.trim() === "t = 0";
            return arrived && view?.querySelector("[data-role=took]");
          }),
        methods,
      ),

    /** Waits until a method's result has been taken away for a new run. */
    restarted: (method: string) =>
      page.waitFor((name) => {
        const view = document.querySelector(`[data-method=${name}]`);
        return !view?.querySelector("[data-role=took]");
      }, method),

    /** Waits until training has come so far. */
    reached: (step: number) =>
      page.waitFor((wanted) => {
        const bar = document.querySelector("[role=progressbar]");
        return Number(bar?.getAttribute("aria-valuenow")) >= wanted;
      }, step),

    /** Waits until an element with this text is there. */
    shows: (selector: string, text: string) =>
      page.waitFor(
        (selector, text) =>
          Array.from(document.querySelectorAll(selector)).some((element) =>
            element.textContent?.includes(text),
          ),
        selector,
        text,
      ),
  };
}

/** Runs in the page: how many pixels of a canvas are drawn on, and how many of those in the blue of the samples. */
function countPixels(selector: string): { drawn: number; blue: number } {
  const canvas = document.querySelector<HTMLCanvasElement>(selector);
  const counts = { drawn: 0, blue: 0 };
  if (!canvas) return counts;
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  copy?.drawImage(canvas, 0, 0);
  const pixels = copy?.getImageData(0, 0, width, height).data ?? [];
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3] === 0) continue;
    counts.drawn++;
    if (pixels[i + 2] > pixels[i] + 60) counts.blue++;
  }
  return counts;
}

/** Runs in the page: from now on, every loss that is shown goes into `shownLosses`. */
export function watchLosses(): void {
  const seen: number[] = [];
  Object.assign(window, { shownLosses: seen });
  const note = () => {
    const loss = document.querySelector("[data-role=loss]")?.textContent;
    if (loss) seen.push(Number(loss));
  };
  const changes = { subtree: true, childList: true, characterData: true };
  new MutationObserver(note).observe(document.body, changes);
}
