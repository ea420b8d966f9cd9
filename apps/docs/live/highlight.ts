/** A piece of code of one kind. */
export interface Piece {
  readonly kind: "comment" | "string" | "number" | "keyword" | "call" | "plain";
  readonly text: string;
}

const keywords =
  "as async await break case catch class const continue default delete do else export extends false finally for from function if import in instanceof interface let new null of return satisfies static super switch this throw true try type typeof undefined void while yield";
const keyword = new Set(keywords.split(" "));

const PIECE =
  /(\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\]|\\[\s\S])*`?)|(\b\d[\w.]*)|([A-Za-z_$][\w$]*)(?=(\s*\()?)/g;

/** Splits TypeScript into pieces for colors. It need not parse. */
export function highlight(code: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  const plain = (to: number) => {
    if (to > end) pieces.push({ kind: "plain", text: code.slice(end, to) });
  };
  for (const match of code.matchAll(PIECE)) {
    const [text, comment, string, number, name, call] = match;
    plain(match.index);
    end = match.index + text.length;
    const kind =
      (comment && "comment") ||
      (string && "string") ||
      (number && "number") ||
      (keyword.has(name) && "keyword") ||
      (call !== undefined && "call") ||
      "plain";
    pieces.push({ kind, text });
  }
  plain(code.length);
  return pieces;
}
