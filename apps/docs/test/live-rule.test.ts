import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { drawingOf } from "../live/drawings.ts";
import { formatValue } from "../live/format-value.ts";
import { highlight } from "../live/highlight.ts";
import { MOST_LINES, outputMeter, readMessage } from "../live/messages.ts";
import { filesFor } from "../live/module-index.ts";
import { type PageModules, pageModules } from "../live/page-modules.ts";
import { CodeError, prepareCode } from "../live/prepare-code.ts";
import { whyStatic } from "../live/runnable.ts";
import { sameAsShown } from "../live/shown-values.ts";
import { fencesOf, pages } from "../scripts/fences.mjs";

const root = join(import.meta.dirname, "..", "..", "..");

describe("an example runs in a page", () => {
  let modules: PageModules;
  beforeAll(async () => {
    modules = await pageModules();
  });
  const why = (code: string) => whyStatic(code, modules.reasons);

  it("if a page has all that it imports and names", () => {
    expect(why("1 - 0.2; // => 0.8")).toBeUndefined();
    expect(why('import { klGaussian } from "@gen/math";\nklGaussian;')).toBeUndefined();
    expect(
      why('import { cpuBackend } from "@gen/runtime-gpu/cpu";\ncpuBackend();'),
    ).toBeUndefined();
    expect(why("const a: Record<string, Unknown> = {};\nconsole.log(a, Math.PI);")).toBeUndefined();
    expect(why('import type { Stats } from "node:fs";\nconst a: Stats[] = [];')).toBeUndefined();
  });

  it("otherwise it remains text, and says why", () => {
    expect(why('import { readFile } from "node:fs/promises";\nreadFile;')).toBe(
      "imports node:fs/promises",
    );
    expect(why('await import("left-pad");')).toBe("imports left-pad");
    expect(why('import { onnxBackend } from "@gen/runtime-gpu/onnx";\nonnxBackend();')).toBe(
      "imports @gen/runtime-gpu/onnx, which loads onnxruntime-web",
    );
    expect(why('import { main } from "@gen/cli";\nmain();')).toMatch(
      /@gen\/cli, which needs node:/,
    );
    expect(why("process.exit();")).toBe("uses process");
    expect(why("const a = { noise };")).toBe("uses noise");
    expect(why("document.title;")).toBe("uses document");
    expect(why('await fetch("/a");')).toBe("uses fetch");
    expect(why("localStorage.length;")).toBe("uses localStorage");
    expect(why('import { openDataset } from "@gen/data";\nawait openDataset("data/a.npz");')).toBe(
      "opens a path",
    );
    expect(why("function level(t: number): number;")).toBe("is no complete program");
    expect(why("const a = (1;")).toBe("is no complete program");
    expect(why("interface Step { readonly t: number }")).toBe("has nothing to run");
    expect(why("// only words")).toBe("has nothing to run");
  });

  it("for most examples of the lessons, and not for those that read files", () => {
    const fences = pages()
      .filter((page) => page.startsWith("apps/docs/lessons/"))
      .flatMap((page) => fencesOf(readFileSync(join(root, page), "utf8")));
    const reasons = fences.map(({ code }) => why(code));
    expect(reasons.filter((reason) => reason === undefined).length).toBeGreaterThan(40);
    for (const [i, { code }] of fences.entries()) {
      if (/"node:|"@gen\/runtime-gpu\/onnx"/.test(code)) expect(reasons[i], code).toBeDefined();
    }
  });

  it("with files whose imports come first", () => {
    const { index } = modules;
    const files = filesFor(index, ["@gen/ddim", "@gen/math"]);
    expect(files.length).toBeLessThan(index.files.length);
    files.forEach(({ text }, at) => {
      const above = files.slice(0, at).map(({ name }) => name);
      const names = Array.from(text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g), ([, n]) => n);
      expect(above).toEqual(expect.arrayContaining(names));
    });
    expect(modules.frame).toMatch(/default-src 'none'/);
    expect(modules.frame).not.toMatch(/unsafe-eval'(?<!wasm-unsafe-eval')|unsafe-inline/);
  });
});

describe("the program of an example", () => {
  it("reports its results and its values on the lines of the page", () => {
    const code = 'import { a } from "@gen/math";\nconst x: number = a(1);\nx; // => 2\nx;';
    const { program, imports } = prepareCode(code);
    expect(imports).toEqual(["@gen/math"]);
    const lines = program.split("\n");
    expect(lines[1].replaceAll(/\s+/g, " ")).toBe("const x = a(1);");
    expect(lines.slice(2, 4)).toEqual(['__shows(x, "2", 3);', "__value(x, 4);"]);
    expect(lines[4]).toContain("x: typeof x");
  });

  it("finds the names of patterns", () => {
    const { program } = prepareCode("const { a, b: c, d = 1 } = f();\nlet [e, ...g] = h();");
    expect(Array.from(program.matchAll(/(\w+): typeof/g), ([, name]) => name)).toEqual([
      ...["a", "c", "d", "e", "g"],
    ]);
  });

  it("names the line of a fault", () => {
    const fault = () => prepareCode("const a = 1;\nconst = 2;");
    expect(fault).toThrow(CodeError);
    try {
      fault();
    } catch (error) {
      expect((error as CodeError).line).toBe(2);
    }
  });
});

describe("shown values", () => {
  it("are literals, to the digits shown", () => {
    expect(sameAsShown(0.3512, "0.35")).toBe(true);
    expect(sameAsShown(0.3512, "0.350")).toBe(false);
    expect(
      sameAsShown(
        { a: [1, { b: "x, y" }], c: undefined },
        '{ a: [1, { b: "x, y" }], c: undefined }',
      ),
    ).toBe(true);
    expect(sameAsShown({ "<cat>": -2 }, '{ "<cat>": -2 }')).toBe(true);
    expect(sameAsShown(Number.NEGATIVE_INFINITY, "-Infinity")).toBe(true);
    expect(sameAsShown([], "[]")).toBe(true);
    expect(sameAsShown([1, 2], "[1, 2, 3]")).toBe(false);
    expect(sameAsShown('a "quoted" word', '"a \\"quoted\\" word"')).toBe(true);
  });

  it("are nothing else", () => {
    for (const text of ["alert(1)", "[1,, 2]", "1 2", "{ a 1 }", "", "x"]) {
      expect(() => sameAsShown(1, text), text).toThrow(SyntaxError);
    }
  });
});

describe("messages of a frame", () => {
  it("are dropped if their shape is wrong", () => {
    const log = { kind: "log", level: "log", text: "a" };
    expect(readMessage({ ...log, html: "<b>" })).toEqual(log);
    const points = { kind: "points", count: 3, values: new Float32Array(6) };
    expect(readMessage({ kind: "drawing", name: "x", drawing: points })).toBeDefined();
    for (const wrong of [
      undefined,
      "log",
      { kind: "log", level: "log", text: 1 },
      { kind: "log", level: "<b>", text: "a" },
      { kind: "value", line: 1.5, text: "a", holds: true },
      { kind: "value", line: 1, text: "a", holds: "yes" },
      { kind: "drawing", name: "x", drawing: { ...points, count: 4 } },
      { kind: "drawing", name: "x", drawing: { ...points, values: [0, 0, 0, 0, 0, 0] } },
      { kind: "drawing", name: "x", drawing: { ...points, kind: "pictures" } },
      { kind: "end", reason: "hacked" },
      { kind: "__proto__" },
    ]) {
      expect(readMessage(wrong), JSON.stringify(wrong)).toBeUndefined();
    }
  });

  it("are bounded", () => {
    const long = readMessage({ kind: "log", level: "log", text: "a".repeat(1e6) });
    expect((long as { text: string }).text.length).toBeLessThan(21_000);
    const meter = outputMeter();
    const line = { kind: "log", level: "log", text: "a" } as const;
    for (let i = 0; i < MOST_LINES; i++) expect(meter.takes(line)).toBe(true);
    expect(meter.takes(line)).toBe(false);
  });
});

describe("a value is seen", () => {
  it("as points [n, 2]", () => {
    const flat = new Float32Array([0, 1, 2, 3, 4, 5]);
    const seen = { kind: "points", count: 3, values: flat };
    expect(
      drawingOf([
        [0, 1],
        [2, 3],
        [4, 5],
      ]),
    ).toEqual(seen);
    expect(drawingOf({ data: flat, shape: [3, 2] })).toEqual(seen);
    expect(drawingOf({ x: flat, shape: [3, 2] })).toEqual(seen);
    expect(drawingOf({ data: flat, shape: [2], length: 3 })).toEqual(seen);
    expect(drawingOf(flat, [3, 2])).toEqual(seen);
  });

  it("as pictures [h, w], [c, h, w] and [n, c, h, w]", () => {
    const data = Float32Array.from({ length: 96 }, (_, i) => i);
    const of = (shape: number[]) => drawingOf({ data, shape });
    expect(of([8, 12])).toMatchObject({ kind: "pictures", count: 1, channels: 1, width: 12 });
    expect(of([6, 1, 4, 4])).toMatchObject({ count: 6, channels: 1, height: 4 });
    expect(of([2, 3, 4, 4])).toMatchObject({ count: 2, channels: 3 });
    expect(of([1, 8, 12])?.values[95]).toBe(1);
  });

  it("or not at all", () => {
    for (const value of [
      1,
      "a",
      null,
      [],
      [1, 2, 3],
      [[1, 2], [3]],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      {},
    ]) {
      expect(drawingOf(value), JSON.stringify(value)).toBeUndefined();
    }
    expect(drawingOf(new Float32Array(7), [3, 2])).toBeUndefined();
    expect(
      drawingOf([
        [0, 1],
        [2, Number.NaN],
        [4, 5],
      ]),
    ).toBeUndefined();
  });

  it("as text", () => {
    expect(formatValue({ a: [1, "b"], c: new Float32Array(2) })).toBe(
      '{ a: [1, "b"], c: Float32Array(2) [0, 0] }',
    );
    expect(formatValue(new RangeError("no"))).toBe("RangeError: no");
    expect(formatValue(Array.from({ length: 1e6 }, () => 0)).length).toBeLessThan(100);
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    expect(formatValue(loop).length).toBeLessThan(100);
  });
});

it("highlighting keeps each character", () => {
  for (const page of pages()) {
    for (const { code } of fencesOf(readFileSync(join(root, page), "utf8"))) {
      expect(
        highlight(code)
          .map(({ text }) => text)
          .join(""),
      ).toBe(code);
    }
  }
});
