import { checkArguments, rules } from "@gen/math/arguments";
import { PREDICTS } from "../samplers/check-path.ts";

type Rule = (typeof rules)["TEXT"];

const network: Rule = rules.having("a denoiser, such as denoiser(network) gives", {
  predicts: PREDICTS,
  apply: rules.FUNCTION,
  parameters: rules.LIST,
});

/** A network that denoises. */
export const NETWORK: Rule = network;

/** A network or a function that denoises. */
export const DENOISER: Rule = rules.either(network, rules.FUNCTION);

/** A backend. */
export const OPEN_BACKEND: Rule = rules.having("a backend, such as openBackend gives", {
  compile: rules.FUNCTION,
});

/** A backend, or a promise of one. */
export const BACKEND: Rule = rules.either(OPEN_BACKEND, [
  "a promise of one",
  (value) => typeof (value as { then?: unknown } | null)?.then === "function",
]);

const coefficients = rules.having("coefficients", { x: rules.NUMBER, prediction: rules.NUMBER });

/** A table of steps. */
export const STEPS: Rule = rules.listOf(
  rules.having("steps, such as ddimSteps gives", {
    t: rules.NUMBER,
    predicts: PREDICTS,
    denoised: coefficients,
    next: rules.OBJECT,
  }),
);

/** The backend, once it is open. */
export async function opened<B>(promised: B | PromiseLike<B>): Promise<B> {
  const backend = await promised;
  checkArguments({ backend }, { backend: OPEN_BACKEND });
  return backend;
}
