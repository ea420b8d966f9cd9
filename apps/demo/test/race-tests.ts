/** The tests of this room, on the built demo. */
export function raceTests(_folder: () => string): void {}
