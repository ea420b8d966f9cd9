import { findBrowser } from "../../scripts/browser.mjs";
import { boundRow, milliseconds as ms, seconds } from "../demo/bound-row.mjs";
import {
  framesASecond,
  longestPreviewGap,
  memoryBytes,
  scriptBytes,
  watchPage,
} from "../demo/in-page.mjs";
import { motionRows } from "../demo/motion-rows.mjs";
import { rooms } from "../demo/rooms.mjs";
import { withDemo } from "../demo/site.mjs";
import { threeDigits } from "../measure.mjs";

export const title = "The demo in headless Chromium";

const frames = (v) => `${threeDigits(v)} frames a second`;
const LONG_TASK = 50;

export async function measure({ quick }) {
  const found = await findBrowser({ mayInstall: false });
  if ("missing" in found) {
    const peer = `no Chromium: ${found.missing}; set GEN_BROWSER to the path of one`;
    return [{ work: title, ours: "not measured", peer, target: "all bounds" }];
  }
  const visits = quick ? 1 : 5;
  const repeat = async (visit) => {
    const values = [];
    for (let i = 0; i < visits; i++) values.push(await visit());
    return (name) => values.map((each) => each[name]);
  };
  return withDemo(found.path, async ({ open, version }) => [
    ...(await postcardRows(open, repeat, version)),
    ...(await learnRows(open, repeat)),
    ...(await motionRows(open, repeat, frames)),
    ...(await memoryRows(open, quick)),
  ]);
}

/** The tasks that ended after the load event, and after the first picture. The longest in ms. */
const longest = (tasks, from) =>
  Math.max(0, ...tasks.filter(({ startTime }) => startTime >= from).map((task) => task.duration));

async function postcardRows(open, repeat, version) {
  const visit = (options) => async () => {
    const { page, close } = await open("", { ...options, before: watchPage });
    await page.waitForFunction(() => globalThis.seen.motion > 0);
    await page.waitForFunction(
      () => document.querySelector(".stage-box")?.dataset.motion === "rest",
    );
    const seen = await page.evaluate(() => ({
      ...globalThis.seen,
      loaded: performance.getEntriesByType("navigation")[0].loadEventEnd,
    }));
    const script = await page.evaluate(scriptBytes);
    await page.getByRole("button", { name: "Play again" }).click();
    const rate = await page.evaluate(framesASecond, 2000);
    await close();
    return { ...seen, script, rate, task: longest(seen.tasks, seen.loaded) };
  };
  const usual = await repeat(visit({}));
  const slow = await repeat(visit({ slow: true, scale: 2 }));
  const far = await repeat(visit({ slow: true, network: true }));
  const kilobytes = (v) => `${(v / 1000).toFixed(1)} kB`;
  const note = `${version}; each visit without a cache, files gzipped; median of the visits, all in parentheses`;
  return [
    {
      work: "cold open to the first motion",
      of: usual("motion"),
      bound: 1000,
      unit: seconds,
      note,
    },
    {
      work: "cold open to the first motion, CPU 4x slower, 1.6 Mbit/s and 150 ms",
      of: far("motion"),
      bound: 2500,
      unit: seconds,
    },
    { work: "largest paint", of: usual("paint"), bound: 1000, unit: seconds },
    { work: "layout shift", of: usual("shift"), bound: 0.02, unit: (v) => v.toFixed(3) },
    {
      work: "script before a backend is chosen",
      of: usual("script"),
      bound: 90_000,
      unit: kilobytes,
    },
    {
      work: "the postcard plays, DPR 2, CPU 4x slower",
      of: slow("rate"),
      bound: 30,
      least: true,
      unit: frames,
    },
    {
      work: "longest task of the first run after load, DPR 2, CPU 4x slower",
      of: slow("task"),
      bound: 100,
      unit: ms,
      note: "0 ms: no task above 50 ms",
    },
    {
      work: "longest task of the first run after load",
      of: usual("task"),
      bound: LONG_TASK,
      unit: ms,
    },
  ].map(({ of, ...row }) => boundRow({ ...row, values: of }));
}

async function learnRows(open, repeat) {
  const training = await repeat(async () => {
    const { page, close } = await open("?data=moons&steps=2500#/learn");
    const button = page.locator(".train .buttons button").first();
    await button.click();
    const started = performance.now();
    await page.waitForFunction(() =>
      /\d+ of \d/.test(document.querySelector(".train .status")?.textContent ?? ""),
    );
    const gap = await page.evaluate(longestPreviewGap);
    const whole = performance.now() - started;
    await close();
    return { whole, gap };
  });
  const sampling = await repeat(async () => {
    const { page, close } = await open("?data=moons&steps=200#/learn", { slow: true, scale: 2 });
    await page.locator(".train .buttons button").first().click();
    await page.waitForSelector("[data-method=ddpm] .bar");
    const rate = await page.evaluate(framesASecond, 1500);
    await close();
    return { rate };
  });
  return [
    boundRow({
      work: "Learn: 2,500 steps on moons, ONNX Runtime WASM, with previews",
      values: training("whole"),
      bound: 30_000,
      unit: seconds,
    }),
    boundRow({
      work: "Learn: longest time between two pictures of the model",
      values: training("gap"),
      bound: 2000,
      unit: seconds,
    }),
    boundRow({
      work: "Learn: DDPM samples, DPR 2, CPU 4x slower",
      values: sampling("rate"),
      bound: 30,
      least: true,
      unit: frames,
    }),
  ];
}

/** The memory of the page and its workers, from the third cycle of a room to the last. */
async function memoryRows(open, quick) {
  const cycles = quick ? 4 : 20;
  const rows = [];
  for (const [room, visit] of Object.entries(rooms)) {
    const work = `memory over ${cycles} cycles of ${room}`;
    const target = "< 5 % from cycle 3";
    const { page, close } = await open("#/postcard");
    try {
      // Chromium waits a minute for the threads of ONNX Runtime, which do not answer.
      const measured = quick ? [3, cycles] : [3, 10, cycles];
      const bytes = await bytesOfCycles(page, { room, visit, measured });
      const [third] = bytes;
      const last = bytes[measured.length - 1];
      const growth = last / third - 1;
      rows.push({
        work,
        ours: `${megabytes(third)} after 3, ${megabytes(last)} at the end: ${(100 * growth).toFixed(1)} %`,
        target,
        pass: growth < 0.05,
        note: `after cycles ${measured.join(", ")}: ${bytes.map(megabytes).join(", ")}`,
      });
    } catch (error) {
      const [reason] = error.message.split("\n");
      rows.push({ work, ours: "not measured", target, note: reason });
    } finally {
      await close();
    }
  }
  return rows;
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** A cycle opens the room, does its work and leaves it. The bytes after the cycles that are measured. */
async function bytesOfCycles(page, { room, visit, measured }) {
  const go = async (id) => {
    await page.evaluate((id) => {
      location.hash = `#/${id}`;
    }, id);
    await page.waitForSelector("h1");
  };
  const bytes = [];
  for (let cycle = 1; cycle <= Math.max(...measured); cycle++) {
    await go(room);
    await visit(page, cycle);
    await go(room === "postcard" ? "learn" : "postcard");
    if (measured.includes(cycle)) bytes.push(await page.evaluate(memoryBytes));
  }
  return bytes;
}
