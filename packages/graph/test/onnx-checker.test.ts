import { expect, test } from "vitest";
import { checkOnnx, pythonWithOnnx } from "../../../tooling/fixtures/check-onnx.ts";
import * as g from "../src/index.ts";
import { toOnnx } from "../src/onnx.ts";
import { cases } from "./onnx-cases.ts";

const title = "the ONNX checker passes what is written (needs Python with onnx)";
test.skipIf(!pythonWithOnnx)(title, () => {
  const models = Object.values(cases).flatMap(({ signature, f }) =>
    [{ opset: 13 }, { opset: 17 }, { float16: true }].map((options) =>
      toOnnx(g.trace(f, signature), options),
    ),
  );
  expect(checkOnnx(models)).toEqual(models.map(() => "sound"));
});
