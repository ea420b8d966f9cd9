import { Command } from "commander";
import { usageError } from "../errors.ts";
import { choice, integer, path, withCommonOptions } from "../options.ts";
import type { ExportOptions } from "../runs/export.ts";

/** `gen export`. */
export function exportCommand(): Command {
  const command = new Command("export")
    .description("write a model as ONNX in float32, float16 or int8, or its weights by name")
    .argument(
      "<path>",
      "a folder of `gen train`, a pipeline folder or its http(s) URL, or an ONNX file",
    )
    .addOption(choice("--to <format>", "the format", ["onnx", "safetensors"], "onnx"))
    .addOption(
      choice(
        "--dtype <type>",
        "how weights are written; int8 is for ONNX, with a scale for each output feature",
        ["float32", "float16", "int8"],
        "float32",
      ),
    )
    .option("--names", "print the names of the weights, and write nothing", false)
    .option(
      "--names-map <file.json>",
      "a JSON object of names here and names there; a name that ends in a dot renames all that begin with it",
      path,
    )
    .option(
      "--weights <file.safetensors>",
      "put these weights, such as PyTorch's, in place of the model's own",
      path,
    )
    .option("--inputs <n>", "random inputs by which the error is measured", integer(0, 1000), 4);
  return withCommonOptions(
    command,
    undefined,
    "path of the result (default: exported, exported.onnx or weights.safetensors)",
  )
    .addHelpText(
      "after",
      `
A folder becomes a folder with the same parts, which \`gen sample\` takes, and a file becomes a file.
The error is that of the outputs beside the model as it is, both on ONNX Runtime: the greatest
difference, and the root mean square as a share of the output's. Arithmetic with int8 weights is
float32.

The weights of a linear layer or a convolution have PyTorch's layout, so a state_dict takes them as
they are once the names agree. --weights with a folder of \`gen train\` makes such a folder, which can
be trained further.

Examples:
  gen export digits --dtype float16 --out digits-half
  gen export digits --dtype int8 --json
  gen export model.onnx --dtype int8 --out small.onnx
  gen export digits --names
  gen export digits --to safetensors --names-map names.json --out digits.safetensors
  gen export digits --weights theirs.safetensors --names-map names.json --out theirs`,
    )
    .action(run);
}

async function run(path: string, options: ExportOptions): Promise<void> {
  const { to, dtype, weights, names, namesMap, backend } = options;
  if (to === "safetensors" && dtype === "int8")
    throw usageError("--dtype int8 is for --to onnx, got it with safetensors");
  if (to === "safetensors" && weights !== undefined)
    throw usageError("--weights is for --to onnx, got it with safetensors");
  if (namesMap !== undefined && to === "onnx" && weights === undefined && !names)
    throw usageError("--names-map needs --names, --weights or --to safetensors");
  if (!backend.startsWith("onnx"))
    throw usageError(`--backend must be one of ONNX Runtime's, such as onnx, got ${backend}`);
  await (await import("../runs/export.ts")).runExport(path, options);
}
