import { openBackend } from "@gen/runtime-gpu/open";
import { Command } from "commander";
import { usageError } from "../errors.ts";
import { checkModelFolder, claimOutput } from "../files.ts";
import { decimal, integer, listOf, path, range, withCommonOptions } from "../options.ts";
import type { CompareOptions } from "../runs/compare.ts";
import { samplerHelp, samplerNames } from "../samplers.ts";
import { interruptSignal } from "../terminal.ts";
import { withDataOptions } from "../training-options.ts";

/** `gen compare`. */
export function compareCommand(): Command {
  const command = new Command("compare")
    .description("sample one model by several samplers and step counts, as a sheet and a table")
    .option("--model <folder>", "a pipeline folder or its http(s) URL", path)
    .option(
      "--samplers <names>",
      "samplers, with commas between (default: ddim,dpm-solver++,unipc; euler,dpm-solver++ for EDM)",
      listOf("a sampler or several with commas, such as ddim,unipc", (name) =>
        samplerNames.find((known) => known === name),
      ),
    )
    .option(
      "--steps <counts>",
      "step counts, with commas between",
      listOf("a step count or several with commas, such as 5,10,20", (text) => {
        const count = Number(text);
        return Number.isInteger(count) && count >= 1 && count <= 100_000 ? count : undefined;
      }),
      [5, 10, 20],
    )
    .option("--count <n>", "samples of each run, from the same noise", integer(2, 100_000), 64)
    .option("--shown <n>", "samples of each run in the picture", integer(1, 100), 4)
    .option(
      "--reference <n>",
      "steps of the run of ddim, or euler for EDM, whose samples the others are compared with; 0 is no such run",
      integer(0, 100_000),
      100,
    )
    .option(
      "--guidance <x>",
      "the scale of guidance by classes; 1 or less is none (default: none)",
      decimal(0, 1000),
    );
  withDataOptions(command, "the data (default: those that the folder says it was trained on)")
    .option(
      "--features <name|path>",
      "where the Frechet distance is measured: in the features of a classifier, digits, fashion-mnist or a folder of `gen train classifier`, in pixels, or in those of an ONNX model of images (default: the classifier of the data, else pixels)",
      path,
    )
    .option(
      "--feature-range <low,high>",
      "the values of black and white that the model of --features takes (default: -1,1)",
      range,
    );
  return withCommonOptions(command, "comparison.png")
    .addHelpText(
      "after",
      `
Samplers:
${samplerHelp()}

A run's calls are those of the network for each sample. Its time is without compiling. The distance
from the reference is the root mean square over all numbers: it tells how far a solver of few steps
is from the path's end. Samplers that draw noise end elsewhere, which is no fault.

The Frechet distance is that from held-out data, of as many samples: it needs 1000 or more for
numbers that other runs compare with. Without --data and without a training in the folder there is
none.

Examples:
  gen compare --model digits
  gen compare --model digits --samplers ddim,ddpm,unipc --steps 5,20,100 --count 1000
  gen compare --model moons --samplers euler,heun --steps 4,8,16 --reference 500 --json`,
    )
    .action(run);
}

async function run(options: CompareOptions): Promise<void> {
  const { model, out, force, backend } = options;
  if (model === undefined)
    throw usageError("--model must be given: a folder as `gen train ddpm` makes it");
  if (!/\.png$/i.test(out)) throw usageError(`--out must end in .png, got ${out}`);
  await claimOutput(out, { force, kind: "file" });
  await checkModelFolder(model);
  const signal = interruptSignal();
  // A stranger's file may crash the runtime, which then ends its own process alone.
  const opening = openBackend(backend, { isolate: true });
  opening.catch(() => undefined);
  const { runCompare } = await import("../runs/compare.ts");
  await runCompare({ ...options, model }, { signal, opening });
}
