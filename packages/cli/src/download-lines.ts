import { bytesText, type Progress, progress } from "./terminal.ts";

/** How far a file of a folder is loaded. */
interface Loaded {
  readonly path: string;
  readonly loaded: number;
  readonly total?: number;
  readonly secondsLeft?: number;
}

/** The progress of downloads on stderr: a line for each file, and of several at once the first. */
export function downloadLines() {
  const lines = new Map<string, Progress>();
  return {
    update({ path, loaded, total, secondsLeft }: Loaded): void {
      // A file from the cache, or one that comes at once, needs no line.
      if (/\.(json|txt)$/.test(path) || (!lines.has(path) && loaded === total)) return;
      const line = lines.get(path) ?? progress(`downloading ${path}`);
      lines.set(path, line);
      const [shown] = lines.keys();
      if (path !== shown) return;
      const bytes =
        total === undefined ? bytesText(loaded) : `${bytesText(loaded)} of ${bytesText(total)}`;
      line.update(loaded, total, bytes, secondsLeft);
    },
    finish(path: string): void {
      lines.get(path)?.finish();
      lines.delete(path);
    },
  };
}
