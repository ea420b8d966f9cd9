import { unet } from "@gen/nn";
import { pipelineFiles } from "@gen/pipeline";
import { denoiser } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";
import { alternate, spread, threeDigits, timesAsFast } from "../measure.mjs";
import { withPages } from "../pages.mjs";
import { requireSame } from "../unet.mjs";

const target = "<= 1.1x the time";

export const title = "First sample in a page, headless Chromium";
export const versions = ["onnxruntime-web"];

export const measure = () =>
  withPages({ title, target, pipeline: smallPipeline() }, async ({ first, version }) => {
    const [ours, byHand] = [await first("first-ours"), await first("first-by-hand")];
    requireSame("the first sample", ours.x, byHand.x);
    if (ours.x.length !== 64) throw new Error(`the first sample has ${ours.x.length} numbers`);
    const timeLoads = (name) => async (count) => {
      const times = [];
      for (let i = 0; i < count; i++) times.push((await first(name)).milliseconds);
      return times;
    };
    const sides = { ours: timeLoads("first-ours"), peer: timeLoads("first-by-hand") };
    const blocks = await alternate(sides, { rounds: 12, count: 1, warmUp: 0 });
    const ratio = 1 / timesAsFast(blocks.ours, blocks.peer);
    const row = {
      work: "first sample of an 8x8 UNet, DDIM with 10 steps, from the start of the navigation",
      ours: spread(blocks.ours.flat()),
      peer: `the same by hand on onnxruntime-web: ${spread(blocks.peer.flat())}`,
      ratio: `${threeDigits(ratio)}x`,
      target,
      pass: ratio <= 1.1,
      note: `${version}; new pages of one browser, files from its cache; ours uses loadPipeline and sample`,
    };
    return [row];
  });

function smallPipeline() {
  const files = pipelineFiles({
    kind: "diffusion",
    denoiser: denoiser(unet({ size: 8, channels: 16, multipliers: [1, 2] })),
    shape: [1, 8, 8],
    scheduler: { schedule: linearSchedule(), clip: 1 },
  });
  return Object.fromEntries(
    Object.entries(files).map(([path, bytes]) => [`pipeline/${path}`, bytes]),
  );
}
