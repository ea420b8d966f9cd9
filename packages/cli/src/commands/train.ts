import { Command } from "commander";
import { ddpmCommand } from "./train-ddpm.ts";
import { vaeCommand } from "./train-vae.ts";

/** `gen train vae|ddpm`. */
export function trainCommand(): Command {
  return new Command("train")
    .description("train a model and save it as a folder of ONNX and JSON")
    .addCommand(vaeCommand())
    .addCommand(ddpmCommand());
}
