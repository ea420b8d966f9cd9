/** The most UTF-16 units of a prompt. */
export const MAX_PROMPT_LENGTH = 65_536;

/** The most ids of a prompt, padding included. */
export const MAX_PROMPT_IDS = 4096;

/** The most tokens, and the most merges, of a tokenizer. */
export const MAX_VOCABULARY = 262_144;

/** The most letters of all tokens of a Unigram vocabulary together. */
export const MAX_UNIGRAM_LETTERS = 524_288;

/** The most tokens that a tokenizer adds to its vocabulary. */
export const MAX_ADDED_TOKENS = 4096;

/** The most letters of an added token. */
export const MAX_ADDED_LETTERS = 128;

/** The most brackets of a prompt that is read with weights. */
export const MAX_PROMPT_BRACKETS = 512;

/** The most vectors of a textual inversion. */
export const MAX_EMBEDDING_VECTORS = 1024;
