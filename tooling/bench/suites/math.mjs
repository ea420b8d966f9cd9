// @ts-check
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ddimSteps } from "@gen/ddim";
import { randomStream } from "@gen/math";
import { linearSchedule } from "@gen/schedules";
import { defaultDevice, init, random } from "@jax-js/jax";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { alternate, timed, timesAsFast } from "../alternate.mjs";
import { npmVersion } from "../machine.mjs";
import { pyTorch, pyTorchName } from "../pytorch.mjs";
import { median, quantile, short, spread } from "../statistics.mjs";
import { allTables } from "../tables.mjs";

/** @typedef {import("../results.mjs").Row} Row */

const normals = 1 << 20;
const schedule = linearSchedule();
const target = 40;

/** @type {import("../run.mjs").Suite} */
export const suite = {
  title: "Exact numbers",
  seconds: (quick) => (quick ? 20 : 60),
  async run({ quick, progress }) {
    const draws = await drawing(quick, (share) => progress(0.4 * share, "normal numbers"));
    const tables = await making(quick, (share) => progress(0.4 + 0.6 * share, "tables"));
    return {
      rows: [...draws, ...tables],
      versions: [pureRand(), npmVersion("@jax-js/jax")],
    };
  },
};

/** Its name and version; its package cannot be resolved by the name alone. */
function pureRand() {
  const file = new URL("../node_modules/pure-rand/package.json", import.meta.url);
  return `pure-rand ${JSON.parse(readFileSync(file, "utf8")).version}`;
}

/** @param {boolean} quick @param {(share: number) => void} onRound @returns {Promise<Row[]>} */
async function drawing(quick, onRound) {
  const out = new Float32Array(normals);
  let seed = 0;
  await init("wasm");
  defaultDevice("wasm");
  const generator = xoroshiro128plus(1);
  const blocks = await alternate(
    {
      ours: timed(() => randomStream({ seed: seed++ }).normal(out)),
      pure: timed(() => {
        for (let i = 0; i < normals; i += 2) {
          const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(generator)));
          const angle = 2 * Math.PI * uniformFloat64(generator);
          out[i] = radius * Math.cos(angle);
          out[i + 1] = radius * Math.sin(angle);
        }
      }),
      jax: timed(() => random.normal(random.key(seed++), [normals]).data()),
    },
    { rounds: quick ? 3 : 8, count: quick ? 4 : 12, warmUp: 1, onRound },
  );
  const speeds = (/** @type {number[][]} */ times) => times.flat().map((ms) => normals / ms / 1000);
  const ours = speeds(blocks.ours);
  const row = (/** @type {string} */ name, /** @type {number[][]} */ times) => ({
    work: `standard normals, float32, one core, beside ${name}`,
    ours: spread(ours, "million a second"),
    peer: `${name}: ${spread(speeds(times), "million a second")}`,
    ratio: `${short(timesAsFast(blocks.ours, times))}x`,
    target: `>= ${target} million a second`,
    pass: median(ours) >= target,
  });
  return [
    row("Box and Muller on pure-rand's xoroshiro128+", blocks.pure),
    row("jax-js random.normal, wasm", blocks.jax),
  ];
}

/** @type {{ what: "schedule" | "ddim", work: string, limit: number, step: () => unknown }[]} */
const kinds = [
  {
    what: "schedule",
    work: "a schedule of 1,000 steps with its 14 tables",
    limit: 2,
    step: () => allTables(linearSchedule()),
  },
  {
    what: "ddim",
    work: "a DDIM table of 1,000 steps",
    limit: 1,
    step: () => ddimSteps(schedule, { steps: 1000 }),
  },
];

/** @param {boolean} quick @param {(share: number) => void} onRound @returns {Promise<Row[]>} */
async function making(quick, onRound) {
  const { peer, missing } = await pyTorch("tables.py");
  const name = peer ? `${pyTorchName(peer.about)}, diffusers' formulas` : `no PyTorch: ${missing}`;
  const rows = [];
  for (const [i, { what, work, limit, step }] of kinds.entries()) {
    const at = (/** @type {number} */ share) => onRound((i + share) / kinds.length);
    const sides = {
      ours: timed(step),
      ...(peer && {
        peer: (/** @type {number} */ count) => peer.ask({ do: "steps", what, count }),
      }),
    };
    const counts = { rounds: quick ? 3 : 8, count: quick ? 8 : 20 };
    const blocks = await alternate(sides, { ...counts, onRound: (share) => at(share / 2) });
    rows.push({
      work: `${work}, warm`,
      ours: spread(blocks.ours.flat()),
      peer: peer ? `${name}: ${spread(blocks.peer.flat())}` : name,
      ...(peer && { ratio: `${short(timesAsFast(blocks.ours, blocks.peer))}x` }),
      target: `< ${limit} ms`,
      pass: median(blocks.ours.flat()) < limit,
    });
    rows.push(await cold(what, work, limit, quick, (share) => at((1 + share) / 2)));
  }
  await peer?.stop();
  return rows;
}

/**
 * The first of a process, in turns with the first of a Python process.
 *
 * @param {"schedule" | "ddim"} what
 * @param {string} work
 * @param {number} limit
 * @param {boolean} quick
 * @param {(share: number) => void} onRound
 * @returns {Promise<Row>}
 */
async function cold(what, work, limit, quick, onRound) {
  const script = fileURLToPath(new URL("../first-table.mjs", import.meta.url));
  const [ours, theirs] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  const [runs, each] = quick ? [2, 4] : [5, 6];
  for (let run = 0; run < runs; run++) {
    for (let k = 0; k < each; k++) {
      const { stdout } = await promisify(execFile)(process.execPath, [script, what]);
      ours.push(Number(stdout));
    }
    const { peer } = await pyTorch("tables.py");
    if (peer) {
      theirs.push(await peer.ask({ do: "first", what }));
      await peer.stop();
    }
    onRound((run + 1) / runs);
  }
  return {
    work: `${work}, the first of a process`,
    ours: spread(ours),
    peer: theirs.length > 0 ? `the same in PyTorch, imported before: ${spread(theirs)}` : "",
    ...(theirs.length > 0 && { ratio: `${short(median(theirs) / median(ours))}x` }),
    target: `< ${limit} ms`,
    pass: median(ours) < limit,
    note: `fastest of ${ours.length}: ${short(quantile(ours, 0))} ms; nothing is compiled yet, and the garbage collector may run`,
  };
}
