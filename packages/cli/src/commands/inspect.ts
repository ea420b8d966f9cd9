import { backendKinds } from "@gen/runtime-gpu/open";
import { Command } from "commander";
import { choice, dimension, integer } from "../options.ts";

/** `gen inspect`. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description(
      "report on an ONNX model or a pipeline folder, its content and which backends run it, or on a folder of pictures",
    )
    .argument(
      "<path>",
      "a file such as model.onnx, a folder with unet/model.onnx, or a folder of pictures",
    )
    .addOption(
      choice(
        "--backend <name>",
        "report on this backend alone, and exit with 2 if it cannot run the model",
        backendKinds.map(({ name }) => name),
      ),
    )
    .option("--batch <n>", "batch size for the estimate of memory", integer(1, 2 ** 20), 1)
    .option(
      "--dim <name=n>",
      "the size of another dynamic dimension; repeat it for more (default: unet/config.json's sample_size, or 64)",
      dimension,
    )
    .option("--json", "print the result as JSON on stdout", false)
    .addHelpText(
      "after",
      `
The command runs nothing and starts no device. For a browser's GPU it assumes the smallest limits.
Memory is an upper bound: each result has its own place until its last use.

Examples:
  gen inspect model.onnx
  gen inspect moons --batch 64
  gen inspect pictures
  gen inspect unet/model.onnx --dim height=96 --dim width=64 --backend tfjs/webgpu --json`,
    )
    .action(async (path, options) =>
      (await import("../runs/inspect.ts")).runInspect(path, options),
    );
}
