import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as g from "../src/index.ts";
import { cases } from "./onnx-cases.ts";

const program = `
import sys, onnx
for path in sys.argv[1:]:
    onnx.checker.check_model(onnx.load(path), full_check=True)
    print("sound")
`;

/** A Python that has the onnx package. */
const python = ["python3", "/usr/bin/python3"].find((command) => {
  try {
    return execFileSync(command, ["-c", "import onnx"], { stdio: "pipe" });
  } catch {
    return false;
  }
});

test.skipIf(!python)("the ONNX checker passes what is written (needs Python with onnx)", () => {
  const folder = mkdtempSync(join(tmpdir(), "gen-onnx-"));
  try {
    const paths = Object.values(cases).flatMap(({ signature, f }, i) =>
      [{ opset: 13 }, { opset: 17 }, { float16: true }].map((options, j) => {
        const path = join(folder, `${i}-${j}.onnx`);
        writeFileSync(path, g.toOnnx(g.trace(f, signature), options));
        return path;
      }),
    );
    const printed = execFileSync(python as string, ["-c", program, ...paths], { encoding: "utf8" });
    expect(printed.trim().split("\n")).toEqual(paths.map(() => "sound"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
