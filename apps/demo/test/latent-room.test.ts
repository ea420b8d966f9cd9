import { createRequire } from "node:module";
import { loadPipeline } from "@gen/pipeline";
import { unzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import type { BrowserPage } from "../../../tooling/browser/browser-page.ts";
import { enginesOf } from "../../../tooling/browser/page-tests.ts";
import { serve } from "../../../tooling/browser/serve.ts";
import { axeFolder } from "./axe.ts";
import { builtDemo } from "./built-demo.ts";
import {
  describeRoom,
  expectAccessible,
  expectFocusKept,
  overflow,
  runCode,
  shownCode,
  sizes,
  takeHome,
} from "./room.ts";

const main = ".act-row button";

/** A number that the page shows. */
const shown = async (page: BrowserPage, selector: string) => Number(await page.text(selector));

/** Waits until the pictures are on the plane and measured. */
const opened = (page: BrowserPage) =>
  page.waitFor(() => /\d/.test(document.querySelector("[data-mean=sum]")?.textContent ?? ""));

/** Waits until the status has a text. */
const says = (page: BrowserPage, text: string) =>
  page.waitFor(
    (wanted) => document.querySelector(".training .status")?.textContent?.includes(wanted),
    text,
  );

const press = async (page: BrowserPage, label: string) => {
  await page.waitFor(
    (wanted) => document.querySelector(".act-row button")?.textContent?.trim() === wanted,
    label,
  );
  await page.click(main);
};

/** The place of the cross, as the page says it. */
const place = async (page: BrowserPage) =>
  (/z = \((.*?), (.*?)\)/.exec(await page.text(".example .status")) ?? [])
    .slice(1)
    .map((v) => Number(v.replace("−", "-")));

/** Opens the tables and returns the cells of one, row by row. */
async function table(page: BrowserPage, parent: string): Promise<number[][]> {
  await page.evaluate((selector) => {
    const details = document.querySelector<HTMLDetailsElement>(`${selector} .numbers`);
    if (details) details.open = true;
  }, parent);
  await page.waitFor((selector) => document.querySelector(`${selector} tbody tr`), parent);
  return page.evaluate(
    (selector) =>
      Array.from(document.querySelectorAll(`${selector} tbody tr`), (row) =>
        Array.from(row.children, (cell) => Number(cell.textContent)),
      ),
    parent,
  );
}

/** Runs in the page. From now on, each file offered for download is kept as base64. */
function keepFiles(): void {
  const files: Record<string, Promise<string>> = {};
  Object.assign(window, { files });
  const blobs = new Map<string, Blob>();
  const create = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (blob: Blob) => {
    const url = create(blob);
    blobs.set(url, blob);
    return url;
  };
  HTMLAnchorElement.prototype.click = function (this: HTMLAnchorElement) {
    const bytes = blobs.get(this.href)?.arrayBuffer();
    if (!bytes) return;
    files[this.download] = bytes.then((all) =>
      btoa(Array.from(new Uint8Array(all), (byte) => String.fromCharCode(byte)).join("")),
    );
  };
}

async function savedFile(page: BrowserPage, label: string, name: string): Promise<Uint8Array> {
  await takeHome(page, label);
  const text = await page.waitFor(
    (file) => (window as unknown as { files: Record<string, Promise<string>> }).files[file],
    name,
  );
  return Buffer.from(text, "base64");
}

/** The tests of this room, on the built demo. */
describe("Latent", () => {
  describeRoom("latent", enginesOf(), ({ visit, server, expectLight }) => {
    test("opens with a picture, decodes where the cross is, trains, and keeps the model", async () => {
      const page = await visit("?steps=60");
      await opened(page);
      const names = await page.evaluate(() =>
        performance.getEntriesByType("resource").map(({ name }) => name),
      );
      expect(names.filter((name) => name.endsWith(".wasm"))).toEqual([]);
      expect(names.filter((name) => !name.startsWith(server().url))).toEqual([]);
      await expectLight();
      // -ELBO is the sum of the two numbers beside it.
      for (const kind of ["term", "mean"]) {
        const [sum, ...terms] = await Promise.all(
          ["sum", "reconstruction", "kl"].map((id) => shown(page, `[data-${kind}=${id}]`)),
        );
        expect(terms[0]).toBeGreaterThan(5);
        expect(terms[1]).toBeGreaterThan(0);
        expect(sum).toBeCloseTo(terms[0] + terms[1], 6);
      }
      const before = await table(page, ".example");
      await page.drag(".plane", [0.5, 0.5], [0.25, 0.75]);
      expect(await place(page)).toEqual([-1.5, -1.5]);
      expect(await table(page, ".example")).not.toEqual(before);
      await page.focus(".plane");
      await page.press("ArrowUp");
      await page.press("ArrowRight");
      expect(await place(page)).toEqual([-1.4, -1.4]);
      await page.press("Home");
      expect(await place(page)).toEqual([0, 0]);

      await press(page, "Train");
      await says(page, "60 steps in");
      const bound = await Promise.all(
        ["reconstruction", "kl"].map((id) => shown(page, `[data-mean=${id}]`)),
      );
      const taken = await runCode(await shownCode(page), "[bound.reconstruction, bound.kl]");
      (taken as number[]).forEach((v, i) => expect(v).toBeCloseTo(bound[i], 1));
      await page.reload();
      await opened(page);
      await says(page, "Kept from your last visit: 60 steps");
      expect(await shown(page, "[data-mean=reconstruction]")).toBe(bound[0]);
      expect(await place(page)).toEqual([0, 0]);
      expect(await page.problems()).toEqual([]);
    });
  });

  describeRoom("latent", enginesOf(), ({ visit }) => {
    test("its ONNX files give in ONNX Runtime what the page shows", async () => {
      const page = await visit("?z=0.5,-1.25");
      await opened(page);
      await page.evaluate(keepFiles);
      const ort = createRequire(
        new URL("../../../packages/runtime-gpu/package.json", import.meta.url),
      )("onnxruntime-node");
      const tensor = (data: ArrayLike<number>, dims: number[]) =>
        new ort.Tensor("float32", Float32Array.from(data), dims);
      const decoder = await ort.InferenceSession.create(
        await savedFile(page, "decoder (ONNX)", "decoder.onnx"),
      );
      const { x } = await decoder.run({ z: tensor([0.5, -1.25], [1, 2]) });
      const pixels = (await table(page, ".example")).flatMap(([, ...row]) => row);
      expect(pixels).toHaveLength(64);
      pixels.forEach((v, i) => expect(Math.abs(v - x.data[i])).toBeLessThanOrEqual(1e-3));

      const csv = Buffer.from(await savedFile(page, "points (CSV)", "latent-points.csv"));
      const lines = csv.toString().trim().split("\n");
      expect(lines[0]).toBe("class,z1,z2,reconstruction,kl");
      expect(lines).toHaveLength(1798);
      const encoder = await ort.InferenceSession.create(
        await savedFile(page, "encoder (ONNX)", "encoder.onnx"),
      );
      const { digits } = await import("@gen/data");
      const { data, range = [0, 1] } = await digits();
      const first = Array.from(data.subarray(0, 64 * 50), (v) => v / range[1]);
      const { mean } = await encoder.run({ x: tensor(first, [50, 1, 8, 8]) });
      for (let i = 0; i < 50; i++) {
        const [, z1, z2] = lines[1 + i].split(",").map(Number);
        expect(Math.abs(z1 - mean.data[2 * i])).toBeLessThanOrEqual(1e-3);
        expect(Math.abs(z2 - mean.data[2 * i + 1])).toBeLessThanOrEqual(1e-3);
      }
      const folder = unzipSync(await savedFile(page, "model (folder)", "vae.zip"));
      const vae = await loadPipeline(async (path) => folder[path], { kind: "vae" });
      expect(vae).toMatchObject({ kind: "vae", shape: [2], vae: { image: [1, 8, 8] } });
      const { readSafetensors } = await import("@gen/data");
      const weights = readSafetensors(
        await savedFile(page, "model (safetensors)", "vae.safetensors"),
      );
      expect(weights.tensors["decoder.layers.0.weight"].shape).toEqual([48, 2]);
    });

    test("z of the prior belongs to no picture: reconstruction costs more than with one's own", async () => {
      const page = await visit();
      await opened(page);
      const nats = async () => {
        const rows = await table(page, ".whose");
        const mean = rows.reduce((sum, row) => sum + row[3], 0) / rows.length;
        expect(rows).toHaveLength(10);
        expect(await page.text("[data-role=whose]")).toContain(`costs ${mean.toFixed(2)} nats`);
        return mean;
      };
      const own = await nats();
      await page.click({ selector: ".whose button", text: "nobody's: z from N(0,\u00a0I)" });
      await page.waitFor(() =>
        document.querySelector("[data-role=whose]")?.textContent?.includes("belongs to no"),
      );
      expect(await nats()).toBeGreaterThan(own + 5);
      await page.reload();
      await opened(page);
      expect(await page.text("[data-role=whose]")).toContain("belongs to no picture");
    });

    test("a larger beta drives KL to 0; Enter stops and keeps the focus; a stop keeps the model", async () => {
      const page = await visit("?beta=16&steps=20000", sizes.phone);
      await opened(page);
      await page.evaluate(() => {
        const changes: Record<string, number[]> = {};
        Object.assign(window, { changes });
        document.querySelectorAll(".latent [role=status]").forEach((status, i) => {
          changes[i] = [];
          new MutationObserver(() => changes[i].push(performance.now())).observe(status, {
            subtree: true,
            childList: true,
            characterData: true,
          });
        });
      });
      await page.focus(main);
      await page.press("Enter");
      await page.waitFor(
        () => Number(document.querySelector("[role=progressbar]")?.ariaValueNow) > 250,
      );
      await expectAccessible(page);
      await page.resize(...sizes.phone);
      await page.focus(main);
      await page.press("Enter");
      await says(page, "Stopped after");
      expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe(
        "Continue",
      );
      expect(await shown(page, "[data-mean=kl]")).toBeLessThan(0.05);
      // The plane is in the first screen when the run ends.
      await page.waitFor(() => {
        const { top = -1, bottom = Infinity } =
          document.querySelector(".plane")?.getBoundingClientRect() ?? {};
        return top >= -0.5 && bottom <= innerHeight + 0.5;
      });
      const late = await page.evaluate(
        () => document.querySelector<HTMLElement>(".training")?.dataset.late,
      );
      expect(Number(late)).toBeLessThanOrEqual(1);
      const times = await page.evaluate(
        () => (window as unknown as { changes: Record<string, number[]> }).changes,
      );
      for (const changes of Object.values(times)) {
        changes.slice(1).forEach((time, i) => expect(time - changes[i]).toBeGreaterThan(2000));
      }
      // Another beta goes on from here, and the code has both parts.
      await page.fill("input[name=beta]", 1);
      await says(page, "β has changed");
      expect(await shownCode(page)).toMatch(/beta: 16, steps: \d+/);
      await expectAccessible(page);
    });

    test("a drawing lands on the plane, and drawings can be learned", async () => {
      const page = await visit("?steps=40");
      await opened(page);
      await page.click("[data-role=draw]");
      await page.drag(".pad", [0.5, 0.15], [0.5, 0.85]);
      await page.waitFor(() =>
        document.querySelector(".terms h2")?.textContent?.includes("your drawing"),
      );
      expect(await shown(page, "[data-term=sum]")).toBeGreaterThan(0);
      const drawn = await place(page);
      await page.click("[data-role=add]");
      await page.waitFor(
        () => document.querySelector("[data-role=drawings]")?.ariaPressed === "true",
      );
      expect(await page.text("[data-role=drawings]")).toBe("my drawings (1)");
      await press(page, "Train");
      await says(page, "40 steps in");
      expect(await page.text("[data-mean=sum] + .means")).toBe("mean of 9");
      expect(await shownCode(page)).toContain("const drawings = [");
      await page.reload();
      await opened(page);
      expect(await page.text("[data-role=drawings]")).toBe("my drawings (1)");
      expect(await place(page)).toEqual(drawn);
      expect(await page.problems()).toEqual([]);
    });

    test("a backend that does not start is explained; the picture stays, and focus too", async () => {
      const missing = { "/assets/ort-wasm": "/missing", "/axe/": axeFolder, "/": builtDemo };
      const partial = await serve(missing, { isolated: true });
      try {
        const page = await visit();
        await page.goto(`${partial.url}#/latent`);
        await opened(page);
        const bound = await shown(page, "[data-mean=sum]");
        await page.focus(main);
        await page.press("Enter");
        await page.waitFor(() =>
          document.querySelector(".side .error p")?.textContent?.includes("did not start"),
        );
        expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe(
          "Train",
        );
        expect(await shown(page, "[data-mean=sum]")).toBe(bound);
        await expectAccessible(page);
      } finally {
        await partial.close();
      }
    });

    test("accessible, no sideways scroll, focus kept, bad settings named", async () => {
      const page = await visit("?beta=7&z=1,x&whose=prior");
      await opened(page);
      expect(
        await page.evaluate(() =>
          Array.from(document.querySelectorAll(".side .notice"), (each) =>
            each.textContent?.trim(),
          ),
        ),
      ).toEqual([
        "The address has no valid beta. The usual one is used.",
        "The address has no valid z. The usual one is used.",
      ]);
      await expectAccessible(page);
      await page.resize(320, 700);
      expect(await overflow(page)).toBe(0);
      await page.resize(...sizes.wide);
      await page.fill("input[name=steps]", 99);
      await page.fill("input[name=steps]", 1);
      await page.waitFor(() =>
        document.querySelector(".side")?.textContent?.includes("Set to 10."),
      );
      await expectFocusKept(page);
    });
  });
});
