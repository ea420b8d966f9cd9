/** The most dimensions of a sample, its batch left out. */
export const MAX_SAMPLE_DIMENSIONS = 8;

/** The most numbers in one sample. */
export const MAX_SAMPLE_NUMBERS = /* @__PURE__ */ (() => 2 ** 28)();

/** The most classes whose names are listed. */
export const MAX_CLASSES = 65_536;

/** The largest side of a picture for the safety checker, as its config asks for. */
export const MAX_CHECKED_SIDE = 1024;
