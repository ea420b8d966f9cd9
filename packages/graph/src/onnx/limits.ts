// Limits on what a model file may hold. A sound file stays far below each of them.

/** The most bytes of a model file, and of its weights outside it, unless `limit` says otherwise. */
export const MAX_FILE_BYTES = /* @__PURE__ */ (() => 2 ** 31)();

/** The most nodes of a file, those of graphs inside of nodes included. */
export const MAX_NODES = 65_536;

/** The most initializers of a file. */
export const MAX_INITIALIZERS = 65_536;

/** The most Protocol Buffers messages of a file. */
export const MAX_MESSAGES = 1_048_576;

/** The most whole numbers, texts and byte strings that a file lists one by one. */
export const MAX_LISTED = 4_194_304;

/**
 * The most memory in bytes that messages, lists and expressions take beyond 10 times the file, as
 * estimated from their counts: 36,000 nodes of one operand and the shortest names. Names as
 * exporters write them make a node longer than a tenth of its memory.
 */
export const MAX_RECORD_BYTES = /* @__PURE__ */ (() => 2 ** 25)();

/** The longest name, or other text, of a file in bytes. */
export const MAX_NAME_BYTES = 131_072;

/** The most dimensions of a tensor. */
export const MAX_RANK = 64;

/** The most elements of a tensor, declared or computed. */
export const MAX_ELEMENTS = /* @__PURE__ */ (() => 2 ** 31)();

/** How deep graphs may lie inside of nodes. */
export const MAX_GRAPH_DEPTH = 16;

/** How deep Protocol Buffers groups of unknown fields may lie in each other. */
export const MAX_GROUP_DEPTH = 32;
