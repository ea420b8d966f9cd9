/*
 * Weights by the names of another library. A map has a name there for a name here; a name that ends
 * in a dot stands for all that begin with it.
 *
 *   { "layers.0.weight": "net.0.weight", "time.": "time_embedding." }
 */
import { readSafetensors } from "@gen/data";
import { parameter } from "@gen/graph";
import { type Weights, weightsOf, withWeights } from "@gen/nn";
import { errorLine, usageError } from "../errors.ts";
import { parseJson, readBounded } from "../files.ts";

const mapLimit = 2 ** 24;
const weightsLimit = 2 ** 32;

/** A weight's name there by its name here. */
export type Names = ReadonlyMap<string, string>;

/** The names there of all weights. @throws GenError `usage` when the map does not fit them. */
export async function namesOf(weights: Weights, map: string | undefined): Promise<Names> {
  const own = Object.keys(weights);
  if (map === undefined) return new Map(own.map((name) => [name, name]));
  const flag = `--names-map ${map}`;
  const bytes = await readBounded(map, mapLimit);
  if (!bytes) throw usageError(`${flag}: no such file`);
  const given = parseJson<unknown>(bytes);
  if (!isNames(given))
    throw usageError(
      `${flag} must be a JSON object of names, such as {"layers.0.weight": "net.0.weight"}`,
    );
  const rules = Object.entries(given);
  const fits = (rule: string, name: string) =>
    rule.endsWith(".") ? name.startsWith(rule) : name === rule;
  const idle = rules.find(([rule]) => !own.some((name) => fits(rule, name)));
  if (idle) throw usageError(`${flag}: no weight has the name ${idle[0]}; --names lists them`);
  // The longest rule is the one that says most.
  rules.sort(([a], [b]) => b.length - a.length);
  const names = new Map(
    own.map((name): [string, string] => {
      const [rule, there] = rules.find(([rule]) => fits(rule, name)) ?? ["", ""];
      return [name, there + name.slice(rule.length)];
    }),
  );
  const [twice] = [...names.values()].filter((name, i, all) => all.indexOf(name) < i);
  if (twice === undefined) return names;
  throw usageError(`${flag} gives two weights the name ${twice}`);
}

const isNames = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((name) => typeof name === "string" && name !== "");

/**
 * The weights of a file with their names here.
 * @throws GenError `usage` or `invalid-data` when the file lacks one, has one more, or one of
 * another shape.
 */
export async function readWeights(path: string, own: Weights, names: Names): Promise<Weights> {
  const flag = `--weights ${path}`;
  const bytes = await readBounded(path, weightsLimit);
  if (!bytes) throw usageError(`${flag}: no such file`);
  const { tensors } = readSafetensors(bytes, { name: flag, limit: weightsLimit });
  const wanted = new Set(names.values());
  const more = Object.keys(tensors).filter((name) => !wanted.has(name));
  const less = [...wanted].filter((name) => !Object.hasOwn(tensors, name));
  const shown = (all: readonly string[]) =>
    all.slice(0, 3).join(", ") + (all.length > 3 ? ` and ${all.length - 3} more` : "");
  if (less.length > 0)
    throw usageError(
      `${flag} must have ${shown(less)}${more.length > 0 ? `, and has ${shown(more)}, which the model lacks` : ""}; --names-map renames`,
    );
  if (more.length > 0) throw usageError(`${flag} has ${shown(more)}, which the model lacks`);
  const parameters = Object.entries(own).map(([name, value]) => parameter(name, value));
  const stored = [...names].map(([name, there]) => [name, tensors[there]] as const);
  try {
    return weightsOf(withWeights({ parameters }, Object.fromEntries(stored)));
  } catch (cause) {
    throw usageError(`${flag}: ${errorLine(cause)}`, { cause });
  }
}
