/** The tests of this room, on the built demo. */
export function compareTests(_folder: () => string): void {}
