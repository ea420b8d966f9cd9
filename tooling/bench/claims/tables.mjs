// With an argument, `schedule` or `ddim`, prints the milliseconds of the first table that the process makes.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ddimSteps } from "@gen/ddim";
import { linearSchedule } from "@gen/schedules";
import { alternate, median, quantile, short, spread, timed, timesAsFast } from "../measure.mjs";
import { pyTorch } from "../pytorch.mjs";

// Each table of a schedule is made when it is first read.
const tables = [
  ...["betas", "alphas", "alphasCumprod", "alphasCumprodPrev", "sqrtAlphasCumprod"],
  ...["sqrtOneMinusAlphasCumprod", "sqrtRecipAlphasCumprod", "sigmas", "snr", "logSnr"],
  ...["posteriorVariance", "posteriorLogVarianceClipped", "posteriorMeanX0", "posteriorMeanX"],
];
// A process that measures its first schedule must not have made one before.
const made = process.argv[2] === "schedule" ? undefined : linearSchedule();
const makers = {
  schedule: (schedule = linearSchedule()) => tables.map((name) => schedule[name]),
  ddim: () => ddimSteps(made, { steps: 1000 }),
};
const kinds = [
  ["schedule", "a schedule of 1,000 steps with its 14 tables", 2],
  ["ddim", "a DDIM table of 1,000 steps", 1],
];

export const title = "Tables of a schedule and of DDIM";

export async function measure({ quick }) {
  const peer = await pyTorch("tables.py", 1);
  const rows = [];
  for (const [what, work, limit] of kinds) {
    const blocks = await alternate(
      {
        ours: timed(() => makers[what]()),
        ...(peer.ask && { peer: (count) => peer.ask({ do: "steps", what, count }) }),
      },
      { rounds: 8, count: 20 },
    );
    const ours = blocks.ours.flat();
    rows.push({
      work: `${work}, warm`,
      ours: spread(ours),
      peer: blocks.peer
        ? `${peer.name}, diffusers' formulas: ${spread(blocks.peer.flat())}`
        : peer.name,
      ratio: blocks.peer && `${short(timesAsFast(blocks.ours, blocks.peer))}x`,
      target: `< ${limit} ms`,
      pass: median(ours) < limit,
    });
    rows.push(await firstOfProcess(what, work, limit, quick ? 2 : 5));
  }
  await peer.stop();
  return rows;
}

/** In turns: six processes of ours, one of Python. */
async function firstOfProcess(what, work, limit, runs) {
  const [ours, theirs] = [[], []];
  const script = fileURLToPath(import.meta.url);
  for (let run = 0; run < runs; run++) {
    for (let k = 0; k < 6; k++) ours.push(Number(execFileSync(process.execPath, [script, what])));
    const peer = await pyTorch("tables.py", 1);
    if (peer.ask) theirs.push(await peer.ask({ do: "first", what }));
    await peer.stop();
  }
  return {
    work: `${work}, the first of a process`,
    ours: spread(ours),
    peer: theirs.length > 0 ? `the same in PyTorch, imported before: ${spread(theirs)}` : "",
    ratio: theirs.length > 0 ? `${short(median(theirs) / median(ours))}x` : undefined,
    target: `< ${limit} ms`,
    pass: median(ours) < limit,
    note: `fastest of ${ours.length}: ${short(quantile(ours, 0))} ms; nothing is compiled yet, and the garbage collector may run`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const start = performance.now();
  makers[process.argv[2]]();
  console.log(performance.now() - start);
}
