/** The longest JSON text that is read, in bytes or UTF-16 units. Option `limit` raises it. */
export const MAX_JSON_LENGTH = 2 ** 24;

/** The deepest nesting of lists and objects in a JSON text. */
export const MAX_JSON_NESTING = 64;

/** The most values in a JSON text: numbers, strings, lists, objects and the rest, keys left out. */
export const MAX_JSON_VALUES = 2 ** 23;

/** The most keys in a JSON text, those of all objects together. */
export const MAX_JSON_KEYS = 2 ** 21;

/** The most lists and objects in a JSON text, which take more memory than other values. */
export const MAX_JSON_CONTAINERS = 2 ** 19;
