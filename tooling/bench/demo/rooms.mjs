// What a reader does in each room, once in each cycle of the memory's row.

/** Waits until the room's first picture is there. */
export const picture = (page) => page.waitForSelector("main canvas", { timeout: 30_000 });

const press = async (page, selector) => {
  const button = page.locator(selector).first();
  if ((await button.count()) > 0 && (await button.isEnabled())) await button.click();
};

/** Starts the room's main work. */
export const pressMain = (page) =>
  press(page, "main button.primary:not(:disabled, [aria-disabled=true])");

/** Starts the room's main work and stops it, or lets it end, after a second. */
async function startAndStop(page) {
  await picture(page);
  await pressMain(page);
  await page.waitForTimeout(1000);
  const stop = page.getByRole("button", { name: "Stop", exact: true }).first();
  if ((await stop.count()) > 0) await stop.click();
}

/** The rooms by their addresses. */
export const rooms = {
  async postcard(page, cycle) {
    await page.fill("input[name=word]", cycle % 2 === 0 ? "noise" : "data");
    await page.waitForFunction(() =>
      /\d/.test(document.querySelector("[data-role=fact]")?.textContent ?? ""),
    );
  },
  async learn(page) {
    await page.fill("input[name=steps]", "60");
    await page.dispatchEvent("input[name=steps]", "change");
    await press(page, ".train .plain, .train .buttons button");
    await page.waitForFunction(
      () =>
        !document.querySelector(".train .buttons button")?.textContent?.includes("Stop") &&
        document.querySelector("[data-method=ddpm] [data-role=took]"),
    );
  },
  "ddpm-ddim": startAndStop,
  steer: startAndStop,
  latent: startAndStop,
  images: startAndStop,
  async "your-model"(page) {
    await page.click("button.act:not(:disabled, [aria-disabled=true])");
    await page.waitForFunction(() =>
      document.querySelector("[data-role=caption]")?.textContent?.includes("made here"),
    );
  },
  async race(page) {
    await page.waitForSelector(".runtimes input");
    await press(page, "[data-role=race]");
    await page.waitForFunction(
      () => document.querySelector("[data-role=race]")?.textContent?.trim() === "Race",
    );
  },
};
