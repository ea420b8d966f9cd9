/**
 * The web's types, as the compilation of a user knows them: from the DOM library or from
 * `@types/node`. Without both, each is the part that this package's users read.
 */
type Instance<Name extends string, Part> = typeof globalThis extends {
  [N in Name]: { prototype: infer Whole };
}
  ? Whole
  : Part;

/** A `Blob`. */
export type WebBlob = Instance<
  "Blob",
  { readonly size: number; readonly type: string; arrayBuffer(): Promise<ArrayBuffer> }
>;

/** A `URL`. */
export type WebUrl = Instance<"URL", { readonly href: string }>;

/** An `AbortSignal`. */
export type WebAbortSignal = Instance<
  "AbortSignal",
  { readonly aborted: boolean; readonly reason: unknown }
>;
