import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Browser, launch } from "../../../tooling/browser/launch.ts";
import { describeEngines, enginesOf } from "../../../tooling/browser/page-tests.ts";
import { serve } from "../../../tooling/browser/serve.ts";
import { pages } from "../src/pages/index.ts";
import { builtDemo } from "./built-demo.ts";
import { scriptCounter } from "./measure.ts";

/** The first visit. That in English is measured by each room's own test. */
describeEngines("in Chinese", enginesOf(), (engine) => {
  test("every room opens with at most 90 kB of script", async () => {
    const browser = await launch(engine);
    const light = async ({ id }: { id: string }) => {
      const { headers, quiet, expectLight } = scriptCounter(builtDemo);
      const server = await serve({ "/": builtDemo }, { isolated: true, headers });
      try {
        const page = await browser.newPage();
        await page.goto(`${server.url}?lang=zh#/${id}`);
        await page.waitFor(() => document.querySelector("main canvas, main img"));
        await quiet();
        expect(await page.text("h1")).toMatch(/\p{Script=Han}/u);
        await expectLight();
      } finally {
        await server.close();
      }
    };
    try {
      await Promise.all(pages.map(light));
    } finally {
      await browser.close();
    }
  });
});

/** The tests of a later visit: without a network, and on a host that sends no headers. */
describe("later visits", () => {
  describeEngines("after the first visit", enginesOf(), (engine) => {
    let browser: Browser;
    const open: { close(): Promise<void> }[] = [];
    beforeAll(async () => {
      browser = await launch(engine);
    });
    afterEach(async () => {
      for (const each of open.splice(0)) await each.close();
    });
    afterAll(() => browser?.close());

    async function firstVisit(path: string) {
      const server = await serve({ "/": builtDemo });
      const page = await browser.newPage();
      open.push(page, server);
      await page.goto(server.url + path);
      await page.waitFor(() => document.querySelector("h1"));
      await page.evaluate(async () => {
        await navigator.serviceWorker.ready;
      });
      return { page, server };
    }

    test("the demo opens without a network, in every room that needs no runtime", async () => {
      const { page, server } = await firstVisit("?lang=zh");
      server.cut();
      await page.reload();
      await page.waitFor(() =>
        /\d/.test(document.querySelector("[data-role=fact]")?.textContent ?? ""),
      );
      expect(await page.evaluate(() => document.documentElement.lang)).toBe("zh-CN");
      await page.goto(`${server.url}?lang=en#/learn`);
      await page.waitFor(() => document.querySelector(".train h2"));
      expect(await page.text("h1")).toBe("From noise to points");
    });

    test("from the second visit on, memory is shared on any host, and a runtime that was used is kept", async () => {
      const { page, server } = await firstVisit("#/learn");
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
      expect(await page.text("[data-role=one-thread]")).toContain("one thread during this visit");
      await page.reload();
      await page.waitFor(() => document.querySelector(".train h2"));
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      expect(await page.text("[data-role=one-thread]")).toBe("");
      const trained = async (steps: number) => {
        await page.fill("select[name=backend]", "onnx/wasm");
        await page.fill("input[name=steps]", steps);
        await page.click(".train button.primary");
        await page.waitFor(
          (words) => document.querySelector(".train .status")?.textContent?.includes(words),
          `${steps} steps in`,
        );
      };
      await trained(20);
      // The runtime was used once, so it is kept.
      server.cut();
      await page.reload();
      await page.waitFor(() => document.querySelector(".train h2"));
      await trained(30);
    });
  });
});
