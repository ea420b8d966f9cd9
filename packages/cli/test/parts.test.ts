import { readPng } from "@gen/data";
import { GenError } from "@gen/math";
import { describe, expect, test } from "vitest";
import { isDrawable, lossChart, maxDrawable, pictureOf } from "../src/drawing/pictures.ts";
import { errorLine, exitCode, failureLine, prefixErrors, usageError } from "../src/errors.ts";
import { program } from "../src/index.ts";
import { scalingOf } from "../src/scaling.ts";
import { duration, progress } from "../src/terminal.ts";

const usage = expect.objectContaining({ name: "GenError", code: "usage" });

describe("errors", () => {
  const engine = (work: () => unknown) => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };
  const steps = (eta: number) => {
    throw new RangeError(`eta must be in [0, 1], got ${eta}`);
  };
  const recurse = (): number => 1 + recurse();
  const nested = (f: () => void) => [0].map(() => [0].map(f));
  test.each([
    ["bad usage", usageError("--x must be y, got z"), 2],
    ["bad data", new GenError("invalid-data", "a.npy: no such file"), 2],
    ["an argument that a package refuses", new RangeError("eta must be in [0, 1], got 2"), 2],
    ["such an argument, with a prefix", engine(() => prefixErrors("ddim", () => steps(2))), 2],
    ["such an argument, in calls of the engine", engine(() => nested(() => steps(2))), 2],
    ["a path", Object.assign(new Error("EACCES: /x"), { code: "EACCES" }), 2],
    ["a full disk", Object.assign(new Error("ENOSPC"), { code: "ENOSPC" }), 1],
    ["Ctrl-C", new GenError("interrupted", "stopped"), 130],
    ["a bug", engine(() => (undefined as unknown as Date).getTime()), 1],
    ["no memory", engine(() => new Float64Array(2 ** 52)), 1],
    ["endless recursion", engine(recurse), 1],
    ["a thrown text", "text", 1],
  ])("%s", (_, error, code) => expect(exitCode(error)).toBe(code));

  test("are one line", () => {
    expect(errorLine(new Error("first\n  second\n"))).toBe("first; second");
    expect(failureLine(engine(() => new Float64Array(2 ** 52)))).toMatch(/^not enough memory \(/);
    const named = engine(() => prefixErrors("unet", () => JSON.parse("{")));
    expect(named).toEqual(usage);
    expect(errorLine(named)).toMatch(/^unet: .*JSON/);
  });
});

describe("progress", () => {
  const stream = (isTTY: boolean, columns?: number) => {
    const written: string[] = [];
    const write = (text: string) => written.push(text);
    return { written, stream: { isTTY, columns, write } as unknown as NodeJS.WriteStream };
  };

  test("is lines without a terminal", () => {
    const { written, stream: to } = stream(false);
    const line = progress("work", to);
    line.update(1, 4, "loss 2");
    line.update(2, 4);
    line.finish("done");
    expect(written).toHaveLength(2);
    expect(written[0]).toMatch(/^work {2}25%, \d+\.\d s left {2}loss 2\n$/);
    expect(written[1]).toMatch(/^work {2}0\.\d s {2}done\n$/);
  });

  test("is one line that never wraps on a terminal", async () => {
    const { written, stream: to } = stream(true, 20);
    const line = progress("a long label that would wrap", to);
    await new Promise((resolve) => setTimeout(resolve, 150));
    line.update(1, 4, "loss 2");
    line.finish("done");
    expect(written).toEqual(["\r\x1b[2Ka long label that w", "\r\x1b[2Ka long label that w\n"]);
  });

  test.each([
    [0.04, "0.0 s"],
    [9.96, "10 s"],
    [59.6, "1 min 0 s"],
    [3599.7, "1 h 0 min"],
    [7260, "2 h 1 min"],
  ])("%d seconds are %s", (seconds, text) => expect(duration(seconds)).toBe(text));
});

describe("pictures", () => {
  test("points have equal scales on both axes, y upwards", () => {
    // A cross: two wide, one high.
    const { width, height, channels, data } = pictureOf([-2, 0, 2, 0, 0, -1, 0, 1], [4, 2], [0, 1]);
    const blue = (x: number, y: number) => {
      const at = (Math.round(y) * width + Math.round(x)) * channels;
      return data[at + 2] - data[at] > 60;
    };
    const reach = (width - 40) / (2 * 2 * 1.05);
    const [x, y] = [width / 2, height / 2];
    expect([blue(x - 2 * reach, y), blue(x + 2 * reach, y)]).toEqual([true, true]);
    expect([blue(x, y - reach), blue(x, y + reach)]).toEqual([true, true]);
    expect([blue(x, y), blue(x + reach, y)]).toEqual([false, false]);
    const single = pictureOf([5, 5], [1, 2], [0, 1]);
    expect(single.data.some((v) => v < 140)).toBe(true);
    expect(() => pictureOf([Number.NaN, 1], [1, 2], [0, 1])).not.toThrow();
  });

  test("drawable shapes", () => {
    expect([[1, 8, 8], [3, 8, 8], [2]].map(isDrawable)).toEqual([true, true, true]);
    expect([[4, 8, 8], [3], [], [1, 1, 8, 8]].map(isDrawable)).toEqual(Array(4).fill(false));
    expect(maxDrawable([1, 28, 28])).toBeGreaterThan(10_000);
    expect(maxDrawable([3, 512, 512])).toBe(84);
  });

  test("one loss is two lines, several losses are one line each", () => {
    const steps = [10, 20, 30];
    const one = readPng(lossChart("t", { steps, losses: { loss: [3, 2, 1] } }));
    const two = readPng(lossChart("t", { steps, losses: { loss: [3, 2, 1], kl: [1, 2, 3] } }));
    expect(one).toMatchObject({ width: 720, height: 420 });
    expect(Buffer.compare(one.data, two.data)).not.toBe(0);
  });
});

test("a scaling must fit the samples", () => {
  const notes = { standardized: { mean: [1, 2], std: [3, 4] } };
  expect(scalingOf(notes, [2])).toEqual({ mean: [1, 2], std: [3, 4] });
  expect(scalingOf(undefined, [2])).toBeUndefined();
  expect(() => scalingOf(notes, [1, 2, 2])).toThrow(usage);
  expect(() => scalingOf(notes, [3])).toThrow("a mean and a std of 3 numbers");
  expect(() => scalingOf({ standardized: null }, [2])).toThrow(usage);
});

test("the program is a command that throws instead of exiting", async () => {
  await expect(program().parseAsync(["node", "gen", "paint"])).rejects.toThrow(usage);
});
