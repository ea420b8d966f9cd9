import type { Bilingual } from "./written-parts.ts";

/** A kind of reference data, and the test that replays it. */
export interface ConformanceRow {
  readonly what: Bilingual;
  /** The files of reference values, by patterns from the repository's root; `*` is any name. */
  readonly files: readonly string[];
  /** The cases of a file. @defaultValue the length of its list `cases` */
  // biome-ignore lint/suspicious/noExplicitAny: each file has a shape of its own
  readonly count?: (content: any) => number;
  /** The tolerance as the test has it; undefined where values must be equal. */
  readonly within?: string;
  /** What the tolerance is of. */
  readonly unit?: Bilingual;
  readonly test: string;
  /** A file whose first lines have the versions, where the reference files have none. */
  readonly versions?: string;
}
