// The rows of one backend. What ran on no real GPU is named, and counts as not measured.
import { spread, threeDigits, timesAsFast } from "../measure.mjs";

const RATIO = 1.2;
export const targets = {
  conformance: "all cases",
  time: `<= ${RATIO}x a bare session's time`,
  memory: "no growth",
  all: `all cases; <= ${RATIO}x a bare session's time`,
};

const mebibytes = (bytes) => `${threeDigits(bytes / 2 ** 20)} MiB`;
const nameOf = (adapter) => adapter?.description || adapter?.architecture;

/** Why what an adapter computes does not count as measured. */
export const softwareReason = ({ adapter }) =>
  adapter
    ? `${nameOf(adapter)} is no GPU`
    : "no browser here has a GPU, so this adapter may be none";

/**
 * `found` has the adapter, whether it `isReal`, and for each of `conformance`, `step` and `training`
 * its result or `{ reason }`. Without results it has a `reason`.
 */
export function gpuRows(name, found) {
  const { adapter, isReal, reason } = found;
  if (reason) {
    const work = `${name}: conformance, DDIM step and training step`;
    return [{ work, ours: "not measured", peer: reason, target: targets.all }];
  }
  const [first, ...rest] = [
    conformanceRow(name, found.conformance),
    ...stepRows(`${name}: DDIM step of the UNet`, found.step),
    ...stepRows(`${name}: training step of the UNet`, found.training),
  ];
  const about = isReal ? nameOf(adapter) : softwareReason(found);
  const rows = [{ ...first, note: join(about, first.note) }, ...rest];
  // A row without a verdict is "not measured".
  return isReal ? rows : rows.map(({ pass: _, ...row }) => row);
}

const join = (...texts) => texts.filter(Boolean).join("; ");

function conformanceRow(name, { passed, failures, reason }) {
  const work = `${name}: conformance`;
  const target = targets.conformance;
  if (reason) return { work, ours: "not measured", peer: reason, target };
  return {
    ...{ work, target, pass: failures.length === 0 },
    ours: `${passed} of ${passed + failures.length} cases`,
    ...(failures.length > 0 && { note: failures.slice(0, 5).join("; ") }),
  };
}

function stepRows(text, { batch, blocks, dispatches, bytes, grown, reason }) {
  if (reason) return [{ work: text, ours: "not measured", peer: reason, target: targets.time }];
  const work = `${text}, batch ${batch}`;
  const ratio = 1 / timesAsFast(blocks.ours, blocks.bare);
  const rows = [
    {
      ...{ work, target: targets.time, ratio: `${threeDigits(ratio)}x`, pass: ratio <= RATIO },
      ours: spread(blocks.ours.flat()),
      peer: `bare ONNX Runtime session: ${spread(blocks.bare.flat())}`,
    },
  ];
  if (dispatches && Number.isFinite(dispatches.ours)) {
    rows.push({
      work: `${work}: dispatches`,
      ours: threeDigits(dispatches.ours),
      peer: `bare ONNX Runtime session: ${threeDigits(dispatches.bare)}`,
    });
  }
  if (bytes !== undefined) {
    rows.push({
      ...{ work: `${work}: memory on the device, with the bare session`, target: targets.memory },
      ...{ ours: `${mebibytes(bytes)}, grows by ${mebibytes(grown)}`, pass: grown <= 0 },
    });
  }
  return rows;
}
