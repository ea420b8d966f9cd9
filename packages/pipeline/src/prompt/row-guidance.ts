/*
 * Guidance away from a condition of each picture. `classifierFree` has one condition that means none
 * for all; here it is a further input of the denoiser, under a name of its own.
 */
import type { Tensor } from "@gen/graph";
import type { Denoiser, GenerateOptions } from "@gen/sampling";

type Guidance = Extract<NonNullable<GenerateOptions["guidance"]>, object>;
type Conditions = Readonly<Record<string, Tensor>>;

const NEGATIVE = "negative/";
/** A condition of the passes that are guided away from, which tells them from the first. */
const AWAY = "negative";

const renamed = <V>(values: Readonly<Record<string, V>>): Record<string, V> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [NEGATIVE + name, value]));

/** What `generate` takes for a guidance away from `unconditional`, of one row or one for each picture. */
export function rowGuidance(
  denoiser: Denoiser,
  condition: Conditions,
  { unconditional, ...guidance }: Omit<Guidance, "unconditional"> & { unconditional: Conditions },
): { denoiser: Denoiser } & Pick<GenerateOptions, "condition" | "guidance"> {
  if (Object.values(unconditional).every(({ shape }) => shape[0] === 1)) {
    return { denoiser, condition, guidance: { ...guidance, unconditional } };
  }
  const names = Object.keys(condition);
  return {
    denoiser: {
      ...denoiser,
      ...(denoiser.condition && {
        condition: { ...denoiser.condition, ...renamed(denoiser.condition) },
      }),
      apply(x, t, given = {}) {
        const own = names.map((name) => {
          const negative = AWAY in given ? given[NEGATIVE + name] : undefined;
          return [name, negative ?? given[name]];
        });
        return denoiser.apply(x, t, Object.fromEntries(own));
      },
    },
    condition: { ...condition, ...renamed(unconditional) },
    guidance: { ...guidance, unconditional: { [AWAY]: 1 } },
  };
}
