import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** The bytes of files of the built site as hosts send them: gzipped, but not fonts and pictures. */
export function pageWeight(out: string): (paths: Iterable<string>) => number {
  const sizes = new Map<string, number>();
  const bytesOf = (path: string) => {
    const file = join(out, path);
    return /\.(woff2|png)$/.test(path) ? statSync(file).size : gzipSync(readFileSync(file)).length;
  };
  return (paths) => {
    let sum = 0;
    for (const path of paths) {
      const bytes = sizes.get(path) ?? bytesOf(path);
      sizes.set(path, bytes);
      sum += bytes;
    }
    return sum;
  };
}
