import { readFileSync } from "node:fs";
import { type BenchRow, benchRows } from "../bench-results.mts";

/** A number of the home page: a measured row beside its peer. */
export interface HomeNumber {
  readonly id: string;
  readonly ours: string;
  readonly peer: string;
  readonly peerName: string;
  readonly ratio: string;
  readonly machine: string;
}

/** The rows of the home page: wins and ties, each by its section and the start of its work. */
export const shownRows: readonly [id: string, section: string, work: string][] = [
  [
    "page-training",
    "Training step of the UNet in a page, headless Chromium",
    "training step of the UNet, batch 16, Adam, beside tfjs tuned by hand",
  ],
  [
    "wasm-step",
    "UNet 28x28, 1.1 M parameters: DDIM step in WebAssembly, in Node",
    "DDIM step, batch 16",
  ],
  ["unet-training", "UNet 28x28, 1.1 M parameters: training step", "training step, batch 64, Adam"],
  ["unet-step", "UNet 28x28, 1.1 M parameters: DDIM step", "DDIM step, batch 16, beside PyTorch"],
  [
    "unet-openvino",
    "UNet 28x28, 1.1 M parameters: DDIM step",
    "DDIM step, batch 16, beside OpenVINO",
  ],
  [
    "large-step",
    "Large models: Stable Diffusion 1.5's UNet, 860 M parameters, float16, guided, onnxruntime-node",
    "guided step, 64x64 latents",
  ],
];

/** The numbers of the home page. A row that was measured on a busy machine is left out. */
export function homeNumbers(results: string): HomeNumber[] {
  const sections = benchRows(results);
  return shownRows.flatMap(([id, section, work]) => {
    const row = sections.get(section)?.find((each) => each.work.startsWith(work));
    if (!row) throw new Error(`bench/RESULTS.md has no row "${work}" in "${section}"`);
    return row.busy ? [] : [numberOf(id, row)];
  });
}

function numberOf(id: string, { ours, peer, ratio, machine }: BenchRow): HomeNumber {
  // The quartiles stand in the results.
  const value = (cell: string) => cell.replace(/ \[.*/, "");
  const split = peer.lastIndexOf(": ");
  return {
    id,
    ours: value(ours),
    peer: value(peer.slice(split + 2)),
    peerName: peer.slice(0, split),
    ratio,
    // The day, the processor with its cores, and Node.
    machine: machine.replace(/;? commit .*$/, "").replace(/, [^,]*GNU\/Linux[^,]*/, ""),
  };
}

declare const data: readonly HomeNumber[];

export { data };

export default {
  watch: ["../../../../bench/RESULTS.md"],
  load: () =>
    homeNumbers(readFileSync(new URL("../../../../bench/RESULTS.md", import.meta.url), "utf8")),
};
