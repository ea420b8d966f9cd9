import { randomStream } from "@gen/math";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { alternate, median, spread, threeDigits, timeSteps, timesAsFast } from "../measure.mjs";

const count = 1 << 20;
const target = 40;

export const title = "Normal numbers";
export const versions = ["pure-rand"];

export async function measure() {
  const out = new Float32Array(count);
  let seed = 0;
  const generator = xoroshiro128plus(1);
  const blocks = await alternate(
    {
      ours: timeSteps(() => randomStream({ seed: seed++ }).normal(out)),
      pure: timeSteps(() => {
        for (let i = 0; i < count; i += 2) {
          const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(generator)));
          const angle = 2 * Math.PI * uniformFloat64(generator);
          out[i] = radius * Math.cos(angle);
          out[i + 1] = radius * Math.sin(angle);
        }
      }),
    },
    { rounds: 8, count: 12, warmUp: 1 },
  );
  const speeds = (times) => times.flat().map((ms) => count / ms / 1000);
  const ours = speeds(blocks.ours);
  const row = {
    work: "standard normals, float32, one core",
    ours: spread(ours, "million a second"),
    peer: `Box and Muller on pure-rand's xoroshiro128+: ${spread(speeds(blocks.pure), "million a second")}`,
    ratio: `${threeDigits(timesAsFast(blocks.ours, blocks.pure))}x`,
    target: `>= ${target} million a second`,
    pass: median(ours) >= target,
  };
  return [row];
}
