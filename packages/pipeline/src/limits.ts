/** The largest file of a folder, and the most bytes of weights outside a model. Option `limit`. */
export const MAX_MODEL_BYTES = /* @__PURE__ */ (() => 2 ** 31)();

/** The most dimensions of a sample, its batch left out. */
export const MAX_SAMPLE_DIMENSIONS = 8;

/** The most numbers in one sample. */
export const MAX_SAMPLE_NUMBERS = /* @__PURE__ */ (() => 2 ** 28)();
