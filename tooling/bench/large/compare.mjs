// A UNet of Stable Diffusion's layout: our guided steps beside a bare session of the same file.
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/shell.mjs";
import { median, spread, threeDigits } from "../measure.mjs";
import { benchPython } from "../python.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folders = process.env.GEN_BENCH_LARGE ?? join(root, "node_modules", ".cache", "gen", "large");
const threads = availableParallelism();

/** The folder of a UNet, which diffusers makes at the first use. */
async function folderOf(name) {
  const folder = join(folders, name);
  // The exporter writes the index last.
  if (existsSync(join(folder, "model_index.json"))) return folder;
  console.error(`Making ${folder}, with up to 8 GB of memory ...`);
  execFileSync(await benchPython(), [here("unets.py"), folders, name], {
    env: { ...process.env, HF_HUB_OFFLINE: "1", PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return folder;
}

/** A process that has loaded and taken its first step; `step()` takes another. */
async function start(way, folder, size) {
  const child = spawn(process.execPath, [here("side.mjs"), way, folder, `${size}`, `${threads}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the process of ${way} ended before its answer`);
    return JSON.parse(value);
  };
  const first = await answer();
  return {
    first,
    step() {
      child.stdin.write("\n");
      return answer();
    },
    stop() {
      child.stdin.end();
      return ended;
    },
  };
}

/**
 * What both ways need at one size of latents. Each loads in two processes; the second of each stay
 * open together and take steps by turns, so that slow changes of the machine affect both.
 */
async function measureAt(folder, size, rounds) {
  const ways = ["bare", "ours"];
  const found = Object.fromEntries(ways.map((way) => [way, { loads: [], steps: [] }]));
  for (const way of ways) {
    const { first, stop } = await start(way, folder, size);
    await stop();
    found[way].loads.push(first);
  }
  const open = {};
  for (const way of ways.toReversed()) {
    open[way] = await start(way, folder, size);
    found[way].loads.push(open[way].first);
  }
  for (let round = 0; round < rounds; round++) {
    for (const way of ways) found[way].steps.push(await open[way].step());
    ways.reverse();
  }
  await Promise.all(ways.map((way) => open[way].stop()));
  return found;
}

/** A row whose ratio is ours by the peer's: less is better. */
function row({ work, ours, peer, ratio, most, note }) {
  return {
    ...{ work, ours, peer: `a bare session: ${peer}`, note },
    ...{ ratio: `${threeDigits(ratio)}x`, target: `<= ${most}x`, pass: ratio <= most },
  };
}

function rowsOf(size, { ours, bare }) {
  const times = (all) => all.map(({ ms }) => ms);
  const least = (all) => Math.min(...times(all));
  const peak = ({ loads, steps }) => Math.max(...[...loads, ...steps].map((each) => each.peak));
  const gigabytes = (bytes) => `${threeDigits(bytes / 1e9)} GB`;
  const seconds = (ms) => `${threeDigits(ms / 1000)} s`;
  const stepTimes = [ours, bare].map(({ steps }) => times(steps));
  const at = `${size}x${size} latents`;
  return [
    row({
      work: `guided step, ${at}`,
      ours: spread(stepTimes[0]),
      peer: spread(stepTimes[1]),
      ratio: median(stepTimes[0].map((ms, i) => ms / stepTimes[1][i])),
      most: 1.03,
    }),
    row({
      work: `peak memory, ${at}`,
      ours: gigabytes(peak(ours)),
      peer: gigabytes(peak(bare)),
      ratio: peak(ours) / peak(bare),
      most: 1.15,
    }),
    row({
      work: `load and first step, ${at}`,
      ours: seconds(least(ours.loads)),
      peer: seconds(least(bare.loads)),
      ratio: least(ours.loads) / least(bare.loads),
      most: 1.1,
    }),
  ];
}

/** The claim of one UNet, whose folder has `name`. */
export const largeClaim = (name, about) => ({
  title: `Large models: ${about}, guided, onnxruntime-node`,
  versions: ["onnxruntime-node"],
  async measure({ quick }) {
    const folder = await folderOf(name);
    const rows = [];
    for (const size of [32, 64]) {
      rows.push(...rowsOf(size, await measureAt(folder, size, quick ? 1 : 4)));
    }
    return rows;
  },
});
