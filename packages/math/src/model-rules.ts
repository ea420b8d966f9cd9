import {
  COUNT,
  FUNCTION,
  having,
  LIST,
  listOf,
  NUMBER,
  OBJECT,
  oneOf,
  optional,
  type Rule,
  SIZES,
  TEXT,
  TYPED_NUMBERS,
} from "./rules.ts";

/** What a denoiser may predict. */
export const PREDICTS: Rule = /* @__PURE__ */ oneOf("epsilon", "x0", "v", "flow");

/** A backend. */
export const BACKEND: Rule = /* @__PURE__ */ having("a backend, such as openBackend gives", {
  compile: FUNCTION,
});

/** A network of any inputs. */
export const NETWORK: Rule = /* @__PURE__ */ having("a network, such as unet gives", {
  apply: FUNCTION,
  parameters: LIST,
  signature: OBJECT,
});

/** A network that denoises. */
export const DENOISER: Rule = /* @__PURE__ */ having(
  "a denoiser, such as denoiser(network) gives",
  { predicts: PREDICTS, apply: FUNCTION, parameters: LIST },
);

/** A dataset. Its numbers are in typed arrays, which are cut without a copy. */
export const DATASET: Rule = /* @__PURE__ */ having("a dataset { name, data, shape, length }", {
  name: TEXT,
  data: TYPED_NUMBERS,
  shape: SIZES,
  length: COUNT,
  range: optional(listOf(NUMBER, 2)),
  labels: optional(TYPED_NUMBERS),
  classes: optional(LIST),
});
