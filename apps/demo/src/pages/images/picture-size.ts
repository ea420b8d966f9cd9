/** The side of a picture, in pixels. */
export const SIDE = 28;
/** Numbers of a picture. */
export const SIZE = SIDE * SIDE;
