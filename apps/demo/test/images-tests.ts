/** The tests of this room, on the built demo. */
export function imagesTests(_folder: () => string): void {}
