/** The tests of this room, on the built demo. */
export function modelTests(_folder: () => string): void {}
