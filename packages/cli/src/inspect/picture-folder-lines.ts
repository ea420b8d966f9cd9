import { captionLine, type PictureFolder } from "../picture-folder.ts";
import { head, indent, wrapText } from "./report-lines.ts";

/** The content of a folder of pictures in lines. */
export function pictureFolderLines(folder: PictureFolder): string[] {
  const { kinds, classes, captions } = folder;
  const block = (title: string, pieces: readonly string[], between?: string) =>
    wrapText(pieces, indent, between).map((line, i) =>
      head(i === 0 ? title : "", line.slice(indent.length)),
    );
  const counted = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, n]) => `${name} ${n.toLocaleString("en")}`);
  const { first } = captions;
  return [
    ...block("pictures", counted(kinds), "  "),
    ...block("classes", counted(classes), "  "),
    ...block("captions", (captionLine(folder) ?? "none").split(" ")),
    ...(first ? [head("", `${first.picture}: ${JSON.stringify(first.text.slice(0, 60))}`)] : []),
  ];
}
