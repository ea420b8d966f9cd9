/*
 * Numbers of samples by the classifier of 8x8 digits that comes with `gen evaluate`: how many it takes
 * for their own class, and the Frechet distance to test images in its features. Larger images are
 * averaged to 8x8 first, so the test images' own row says how well it knows them.
 */
import { readFile } from "node:fs/promises";
import { trace } from "@gen/graph";
import { fromOnnx } from "@gen/graph/onnx";
import { frechetDistance } from "@gen/math/metrics";
import { callProgram } from "@gen/runtime-gpu/call-program";

const COUNT = 1000;

/** What the table compares beside the test images. */
const cases = [
  ["guidance 1", 1],
  ["guidance 2", 2],
  ["guidance 2, the noise kept where x0 is clipped", 2, { useClippedModelOutput: false }],
];

/** Rows of the table: the test images, and samples with and without guidance. */
export async function judge({ backend, drawn, test, size }) {
  const cli = import.meta.resolve("@gen/cli/package.json");
  const bytes = await readFile(new URL("assets/features-digits.onnx", cli));
  const { apply, signature } = fromOnnx(new Uint8Array(bytes));
  const [name] = Object.keys(signature);
  const program = await backend.compile(
    trace(({ x }) => apply({ [name]: x }), { x: signature[name] }),
  );
  const measured = async (images) => {
    const small = size === 8 ? images : averaged(images, size);
    const x = { data: small, shape: [small.length / 64, 1, 8, 8] };
    return callProgram(backend, program, { x });
  };
  const share = ({ logits }, labels) => {
    const right = labels.filter((label, i) => {
      const row = logits.subarray(10 * i, 10 * i + 10);
      return row.indexOf(Math.max(...row)) === label;
    });
    return `${((100 * right.length) / labels.length).toFixed(1)} %`;
  };

  const [low, high] = test.range;
  const count = Math.min(COUNT, test.length);
  const data = test.data.subarray(0, count * size * size);
  const images = Float32Array.from(data, (v) => (2 * (v - low)) / (high - low) - 1);
  const real = await measured(images);
  const rows = [
    {
      what: `${count} test images`,
      right: share(real, Array.from(test.labels.subarray(0, count))),
      distance: "",
    },
  ];
  const labels = Array.from({ length: COUNT }, (_, i) => i % 10);
  for (const [what, guidance, more] of cases) {
    const found = await measured(await drawn(labels, guidance, 1, more));
    rows.push({
      what: `${COUNT} samples, ${what}`,
      right: share(found, labels),
      distance: frechetDistance(real.features, found.features, 64).toFixed(2),
    });
  }
  await program.dispose();
  return rows;
}

/** The 20 x 20 pixels in the middle, where MNIST has its digits, averaged to 8 x 8. */
function averaged(images, size) {
  const [count, edge, block] = [images.length / size ** 2, (size - 20) / 2, 20 / 8];
  const out = new Float32Array(count * 64);
  // Pixels of each of the 8 cells along a side, with the share of each that lies in the cell.
  const cells = Array.from({ length: 8 }, (_, cell) =>
    Array.from({ length: 20 }, (_, i) => {
      const share = Math.min(i + 1, (cell + 1) * block) - Math.max(i, cell * block);
      return [edge + i, Math.max(0, share) / block];
    }).filter(([, share]) => share > 0),
  );
  for (let k = 0; k < out.length; k++) {
    const [image, row, column] = [Math.floor(k / 64), Math.floor(k / 8) % 8, k % 8];
    for (const [y, high] of cells[row]) {
      for (const [x, wide] of cells[column]) {
        out[k] += high * wide * images[(image * size + y) * size + x];
      }
    }
  }
  return out;
}
