import { createRequire } from "node:module";
import { dirname } from "node:path";
import type axe from "axe-core";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";

/** The folder of axe-core's script. Serve it under `/axe/`. */
export const axeFolder = dirname(createRequire(import.meta.url).resolve("axe-core"));

/** What axe-core finds wrong with the page as it is: rules and the elements that break them. */
export function axeProblems(page: BrowserPage): Promise<string[]> {
  return page.evaluate(async () => {
    const global = window as unknown as { axe: typeof axe };
    if (!global.axe) {
      const script = document.createElement("script");
      script.src = "/axe/axe.min.js";
      const loaded = new Promise((resolve, reject) => {
        script.addEventListener("load", resolve);
        script.addEventListener("error", () => reject(new Error("the server has no /axe/")));
      });
      document.head.append(script);
      await loaded;
    }
    const { violations } = await global.axe.run();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((n) => n.target.join(" ")).join(", ")}`,
    );
  });
}
