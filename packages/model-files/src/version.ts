/** What a server states of a file, by which the same file is recognized later. */
export interface Version {
  readonly etag?: string;
  readonly modified?: string;
  /** Size of the whole file in bytes. */
  readonly total?: number;
}

/** What proves that two byte ranges belong to one file: a strong ETag, otherwise the date. */
export const validatorOf = ({ etag, modified }: Version): string | undefined =>
  etag && !etag.startsWith("W/") ? etag : modified;

/** Whether two responses are about the same file; undefined if they do not state enough. */
export function sameVersion(a: Version, b: Version): boolean | undefined {
  if (a.total !== undefined && b.total !== undefined && a.total !== b.total) return false;
  if (a.etag && b.etag) return a.etag === b.etag;
  if (a.modified && b.modified) return a.modified === b.modified;
  return undefined;
}

/** The version in a stored record. */
export const versionFrom = (record: Readonly<Record<string, unknown>>): Version => ({
  etag: typeof record.etag === "string" ? record.etag : undefined,
  modified: typeof record.modified === "string" ? record.modified : undefined,
  total: typeof record.total === "number" ? record.total : undefined,
});
