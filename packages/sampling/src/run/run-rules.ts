import { checkArguments, rules } from "@gen/math/arguments";

type Rule = (typeof rules)["TEXT"];

/** A network or a function that denoises. */
export const DENOISER: Rule = rules.either(rules.DENOISER, rules.FUNCTION);

/** A backend, or a promise of one. */
export const BACKEND: Rule = rules.either(rules.BACKEND, [
  "a promise of one",
  (value) => typeof (value as { then?: unknown } | null)?.then === "function",
]);

const coefficients = rules.having("coefficients", { x: rules.NUMBER, prediction: rules.NUMBER });

/** A table of steps. */
export const STEPS: Rule = rules.listOf(
  rules.having("steps, such as ddimSteps gives", {
    t: rules.NUMBER,
    predicts: rules.PREDICTS,
    denoised: coefficients,
    next: rules.OBJECT,
  }),
);

/** The backend, once it is open. */
export async function opened<B>(promised: B | PromiseLike<B>): Promise<B> {
  const backend = await promised;
  checkArguments({ backend }, { backend: rules.BACKEND });
  return backend;
}
