/** The tests of this room, on the built demo. */
export function latentTests(_folder: () => string): void {}
