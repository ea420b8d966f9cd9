import type { FrontierPoint } from "@gen/figures";
import type { Fresh } from "./compare-work.ts";
import type { SolverId } from "./solvers.ts";

/** The measured points of each solver, by rising number of steps. */
export type Lines = Readonly<Record<SolverId, readonly FrontierPoint[]>>;

/** The band of fresh draws: 19 of 20 are in it, if they are normal. */
export function bandOf({ mean, spread }: Fresh): { low: number; high: number } {
  return { low: mean - 2 * spread, high: mean + 2 * spread };
}

/** What fresh noise buys, as far as it is measured. */
export interface Verdict {
  /**
   * `buys`: at most steps, DDPM is closer by more than the spread. `costs`: DDIM reaches the band
   * in fewer steps. `saves`: DDPM does. `same`: neither.
   */
  readonly kind: "buys" | "costs" | "saves" | "same";
  /** The most steps that both have, and their distances there. */
  readonly steps: number;
  readonly ddpm: number;
  readonly ddim: number;
  /** The fewest steps with which each reaches the band. */
  readonly reached: Readonly<Partial<Record<SolverId, number>>>;
  /** The solver that reaches the band first. Of several, one that adds no noise. */
  readonly first?: SolverId;
}

/** The solvers without fresh noise come first. */
const order: readonly SolverId[] = ["unipc", "dpm", "heun", "ddim", "sde", "ddpm"];

/** Undefined until DDPM and DDIM have a number of steps in common. */
export function verdictOf(lines: Lines, fresh: Fresh): Verdict | undefined {
  const { high } = bandOf(fresh);
  const distances = new Map(lines.ddim.map(({ steps, distance }) => [steps, distance]));
  const last = lines.ddpm.filter(({ steps }) => distances.has(steps)).at(-1);
  if (!last) return undefined;
  const { steps, distance: ddpm } = last;
  const ddim = distances.get(steps) as number;
  const reached: Partial<Record<SolverId, number>> = {};
  for (const [id, points] of Object.entries(lines) as [SolverId, Lines[SolverId]][]) {
    const inside = points.find(({ distance }) => distance <= high);
    if (inside) reached[id] = inside.steps;
  }
  const needs = (id: SolverId) => reached[id] ?? Infinity;
  const [first] = order.filter((id) => reached[id]).sort((a, b) => needs(a) - needs(b));
  return { kind: kind(), steps, ddpm, ddim, reached, first };

  function kind(): Verdict["kind"] {
    if (ddim - ddpm > fresh.spread) return "buys";
    if (needs("ddim") < needs("ddpm")) return "costs";
    if (needs("ddpm") < needs("ddim")) return "saves";
    return ddpm - ddim > fresh.spread ? "costs" : "same";
  }
}
