import { type Command, InvalidArgumentError, Option } from "commander";

/** Options that every working command takes. */
export interface CommonOptions {
  readonly backend: string;
  readonly seed: number;
  readonly force: boolean;
  readonly json: boolean;
  readonly out: string;
}

/** Parses a whole number in [low, high]. */
export const whole =
  (low: number, high = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `in [${low}, ${high}]`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };

/** Parses a number in [low, high]; `above` leaves `low` itself out. */
export const real =
  (low: number, high: number, above = false) =>
  (text: string): number => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if ((above ? value > low : value >= low) && value <= high) return value;
    throw new InvalidArgumentError(`It must be a number in ${above ? "(" : "["}${low}, ${high}].`);
  };

/** Adds --backend, --seed, --out, --force and --json to a command. */
export function withCommonOptions(command: Command, out: string): Command {
  return command
    .addOption(
      new Option("--backend <name>", "what computes; `gen backends` lists what is here").default(
        "onnx",
      ),
    )
    .addOption(
      new Option("--seed <n>", "decides all randomness; same seed, same result")
        .default(0)
        .argParser(whole(0)),
    )
    .option("--out <path>", "where the results go", out)
    .option("--force", "replace what is there", false)
    .option("--json", "print the result as JSON on stdout", false);
}
