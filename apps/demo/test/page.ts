import { type Browser, chromium, type JSHandle, type Locator, type Page } from "playwright-core";

/** A headless Chromium that asks nothing of the network. */
export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Collects what a person would see in red or yellow in the developer tools. */
export function complaints(page: Page): string[] {
  const heard: string[] = [];
  page.on("console", (message) => {
    const serious = message.type() === "error" || message.type() === "warning";
    // The browser's own remark where there is no GPU to ask for.
    if (!serious || message.text() === "No available adapters.") return;
    heard.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => heard.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => heard.push(`failed: ${request.url()}`));
  return heard;
}

/** How many pixels of a canvas are drawn on, and how many of those in the blue of the samples. */
export const pixelsOf = (canvas: Locator): Promise<{ drawn: number; blue: number }> =>
  canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const copy = new OffscreenCanvas(width, height).getContext("2d");
    copy?.drawImage(element as HTMLCanvasElement, 0, 0);
    const pixels = copy?.getImageData(0, 0, width, height).data;
    const counts = { drawn: 0, blue: 0 };
    if (!pixels) return counts;
    for (let i = 0; i < pixels.length; i += 4) {
      if (pixels[i + 3] === 0) continue;
      counts.drawn++;
      if (pixels[i + 2] > pixels[i] + 60) counts.blue++;
    }
    return counts;
  });

/** Every loss that the page shows from now on. */
export const lossesShown = (page: Page): Promise<JSHandle<number[]>> =>
  page.evaluateHandle(() => {
    const seen: number[] = [];
    const look = () => {
      const loss = document.querySelector("[data-role=loss]")?.textContent;
      if (loss) seen.push(Number(loss));
    };
    const changes = { subtree: true, childList: true, characterData: true };
    new MutationObserver(look).observe(document.body, changes);
    return seen;
  });

/** Moves a slider or fills a number, as its user would have left it. */
export async function set(field: Locator, value: number): Promise<void> {
  await field.fill(String(value));
  await field.dispatchEvent("change");
}
