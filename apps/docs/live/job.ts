import type { ModuleFile } from "./module-index.ts";

/** What a page gives its frame, and the frame its worker. */
export interface Job {
  readonly kind: "start";
  /** The program, as JavaScript. */
  readonly program: string;
  /** What the reader wrote, line by line. */
  readonly lines: readonly string[];
  /** The packages' files, each below what it imports. */
  readonly files: readonly ModuleFile[];
  /** The file of each import. */
  readonly entries: Readonly<Record<string, string>>;
}

/** A dataset's file, which the program asked for. Without bytes there is none. */
export interface AssetReply {
  readonly kind: "asset";
  readonly name: string;
  readonly bytes?: ArrayBuffer;
}
