const columns = 100;

/** Pieces in lines that all begin with `indent` and are not longer than a terminal is wide. */
export function wrapped(pieces: readonly string[], indent: string, between = " "): string[] {
  const lines: string[] = [];
  let line = "";
  for (const piece of pieces) {
    if (line !== "" && indent.length + line.length + between.length + piece.length > columns) {
      lines.push(indent + line);
      line = "";
    }
    line += line === "" ? piece : between + piece;
  }
  return line === "" ? lines : [...lines, indent + line];
}
