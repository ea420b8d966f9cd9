import type { Box, Letter, Palette, Surface } from "@gen/figures";

/** The figure of a lesson: one picture, one control, and the numbers that it shows. */
export interface LessonFigure {
  /** The range of the control. The figure opens at `start`. */
  readonly control: {
    readonly min: number;
    readonly max: number;
    readonly step: number;
    readonly start: number;
  };
  /** The numbers shown at a place of the control. Each is the value of a library's function. */
  shown(at: number): Readonly<Record<string, number>>;
  draw(surface: Surface, box: Box, palette: Palette, state: FigureState): void;
}

export interface FigureState {
  readonly at: number;
  /** The letter that the reader points at. */
  readonly letter?: Letter;
}
