/** What a server says of a file by which it is known again. */
export interface Version {
  readonly etag?: string;
  readonly modified?: string;
  /** Bytes of the whole file. */
  readonly total?: number;
}

/** What proves two byte ranges to be of one file: a strong ETag, else the date. */
export const validatorOf = ({ etag, modified }: Version): string | undefined =>
  etag && !etag.startsWith("W/") ? etag : modified;

/** Whether two answers are about the same file; undefined where they do not say. */
export function sameVersion(a: Version, b: Version): boolean | undefined {
  if (a.total !== undefined && b.total !== undefined && a.total !== b.total) return false;
  if (a.etag && b.etag) return a.etag === b.etag;
  if (a.modified && b.modified) return a.modified === b.modified;
  return undefined;
}

/** A version as it was kept. */
export const versionFrom = (kept: Readonly<Record<string, unknown>>): Version => ({
  etag: typeof kept.etag === "string" ? kept.etag : undefined,
  modified: typeof kept.modified === "string" ? kept.modified : undefined,
  total: typeof kept.total === "number" ? kept.total : undefined,
});
