import { maxSeed } from "../../seed.ts";
import { type DataId, dataIds, labeledData } from "./data.ts";

/** Number of points on each half of the picture. */
export const pointCount = 1200;

export type Kind = "classifier" | "free";
export const kinds: readonly Kind[] = ["classifier", "free"];

/** The settings of the room. They survive a reload, and an address may name them. */
export interface Settings {
  data: DataId;
  /** The classes that the points are pulled toward. None: no guidance. */
  classes: number[];
  kind: Kind;
  scale: number;
  steps: number;
  seed: number;
}

export const usual: Settings = {
  data: "arms",
  classes: [0],
  kind: "classifier",
  scale: 4,
  steps: 60,
  seed: 0,
};

const ranges = { scale: [0, 10], steps: [5, 200], seed: [0, maxSeed] } as const;
type Numeric = keyof typeof ranges;

/** The names of the classes, in addresses and on the page. */
export const classNames = ["A", "B", "C", "D"] as const;

export const classCount = (data: DataId): number => labeledData[data].mixture.classes.length;

/** A number within its range. Undefined if it is none. */
export function within(name: Numeric, value: unknown): number | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  const [low, high] = ranges[name];
  const inside = Math.min(Math.max(value, low), high);
  return name === "scale" ? Math.round(inside * 100) / 100 : Math.round(inside);
}

/** Applies values from an address or a storage. Returns the names of those that were changed. */
export function applySettings(
  settings: Settings,
  values: Readonly<Record<string, unknown>>,
): string[] {
  const changed: string[] = [];
  const take = <K extends keyof Settings>(
    name: K,
    value: Settings[K] | undefined,
    exact: boolean,
  ) => {
    if (value !== undefined) settings[name] = value;
    if (value === undefined || !exact) changed.push(name);
  };
  if (values.data !== undefined)
    take(
      "data",
      dataIds.find((id) => id === values.data),
      true,
    );
  if (values.kind !== undefined)
    take(
      "kind",
      kinds.find((kind) => kind === values.kind),
      true,
    );
  for (const name of Object.keys(ranges) as Numeric[]) {
    if (values[name] === undefined) continue;
    const value = within(name, values[name]);
    take(name, value, value === values[name]);
  }
  if (values.classes !== undefined) {
    const given: readonly unknown[] = Array.isArray(values.classes) ? values.classes : [undefined];
    const known = Array.from({ length: classCount(settings.data) }, (_, c) => c);
    take(
      "classes",
      known.filter((c) => given.includes(c)),
      given.every((c) => known.includes(c as number)),
    );
  }
  // Other data may have fewer classes.
  settings.classes = settings.classes.filter((c) => c < classCount(settings.data));
  return changed;
}

/** The values that an address names: `data`, `class` (such as AB, or none), `kind`, numbers. */
export function addressed(address: URLSearchParams): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of address) {
    if (name === "data" || name === "kind") values[name] = value;
    if (Object.hasOwn(ranges, name))
      values[name] = value.trim() === "" ? Number.NaN : Number(value);
    if (name === "class") {
      const letters = value === "none" ? [] : [...value.toUpperCase()];
      values.classes = letters.map((letter) => (classNames as readonly string[]).indexOf(letter));
    }
  }
  return values;
}
