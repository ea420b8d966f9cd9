import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";

/** The actions of a person on the points page. */
export function pointsPage(page: BrowserPage) {
  return {
    choose: (toy: string) => page.click(`.toy:has([value=${toy}])`),
    button: (panel: string, text: string) => ({ selector: `${panel} button`, text }),
    status: () => page.text(".train .status"),
    badge: (panel: string) => page.text(`${panel} .badge code`),
    distance: async (method: string) =>
      Number(await page.text(`[data-method=${method}] [data-role=distance]`)),
    pixels: (canvas: string) => page.evaluate(countPixels, `${canvas} canvas.plot`),

    /** Waits until each method has finished and its last frame is shown. */
    sampled: (methods = ["ddpm", "ddim"]) =>
      page.waitFor(
        (all) =>
          all.every((method) => {
            const view = document.querySelector(`[data-method=${method}]`);
            const atEnd = view?.querySelector(".stage .corner")?.textContent?.trim() === "t = 0";
            return atEnd && view?.querySelector("[data-role=took]");
          }),
        methods,
      ),

    /**
     * Makes a change that starts a new run, and waits until a method's old result has gone. A mark
     * tells the old result from the new one, which a fast run shows between two looks.
     */
    restart: async (method: string, change: () => Promise<void>) => {
      await page.evaluate((name) => {
        const view = document.querySelector(`[data-method=${name}]`);
        view?.querySelector("[data-role=took]")?.setAttribute("data-old", "");
      }, method);
      await change();
      await page.waitFor(
        (name) => !document.querySelector(`[data-method=${name}] [data-old]`),
        method,
      );
    },

    /** Waits until training has reached a step. */
    reached: (step: number) =>
      page.waitFor((wanted) => {
        const bar = document.querySelector("[role=progressbar]");
        return Number(bar?.getAttribute("aria-valuenow")) >= wanted;
      }, step),

    /** Waits until the browser keeps the model for a reload. */
    kept: () =>
      page.waitFor(
        () =>
          new Promise<boolean>((resolve) => {
            const opening = indexedDB.open("gen-demo", 1);
            opening.onerror = () => resolve(false);
            opening.onsuccess = () => {
              const database = opening.result;
              const all = database.transaction("models").objectStore("models").getAllKeys();
              all.onsuccess = () => {
                database.close();
                resolve(all.result.length > 0);
              };
            };
          }),
      ),

    /** Waits until an element contains the text. */
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

/** Runs in the page. Counts the drawn pixels of a canvas, and those in a color of the samples. */
function countPixels(selector: string): { drawn: number; colored: number } {
  const canvas = document.querySelector<HTMLCanvasElement>(selector);
  const counts = { drawn: 0, colored: 0 };
  if (!canvas) return counts;
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  copy?.drawImage(canvas, 0, 0);
  const pixels = copy?.getImageData(0, 0, width, height).data ?? [];
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3] === 0) continue;
    counts.drawn++;
    // DDIM is blue, DDPM is red.
    if (Math.abs(pixels[i + 2] - pixels[i]) > 60) counts.colored++;
  }
  return counts;
}
