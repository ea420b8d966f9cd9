import { readFile } from "node:fs/promises";
import { trace } from "@gen/graph";
import { fromOnnx } from "@gen/graph/onnx";
import { callProgram } from "@gen/runtime-gpu/call-program";

/** The 64 features of the classifier that comes with `gen evaluate`, of images in [-1, 1]. */
export async function digitFeatures(backend) {
  const cli = import.meta.resolve("@gen/cli/package.json");
  const bytes = await readFile(new URL("assets/features-digits.onnx", cli));
  const { apply, signature } = fromOnnx(new Uint8Array(bytes));
  const [input] = Object.keys(signature);
  const program = await backend.compile(
    trace(({ x }) => ({ y: apply({ [input]: x }).features }), { x: signature[input] }),
  );
  return {
    dim: 64,
    async of(images) {
      const x = { data: images, shape: [images.length / 64, 1, 8, 8] };
      return (await callProgram(backend, program, { x })).y;
    },
    dispose: () => program.dispose(),
  };
}
