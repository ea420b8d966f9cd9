/*
 * The memory that reading a file may take, so that no small file takes all of a machine's.
 *
 *   memory of messages and lists + memory of expressions  <=  10 x file + MAX_RECORD_BYTES
 *
 * `message-codec.ts` counts the first term, this file the second. Both are estimates in bytes.
 */
import type { Expr } from "../expr/expr.ts";
import { isForeign } from "../expr/foreign.ts";
import { TOO_MUCH_MEMORY } from "./message-codec.ts";
import { invalidModel } from "./protobuf.ts";
import { isOpaque, isStatic, type Value } from "./static-value.ts";

const EXPRESSION_MEMORY = 256;
const FOREIGN_MEMORY = 768;
/** The memory of a constant or folded value beside its elements. */
const CONSTANT_MEMORY = 384;

/** The memory that results of nodes may take after the file was read. */
export class ResultMemory {
  private left: number;
  private readonly counted = new Set<Expr>();

  constructor(left: number) {
    this.left = left;
  }

  /** @throws GenError `invalid-model` when the results of all nodes take too much. */
  add(results: readonly Value[]): void {
    const open: Expr[] = [];
    for (const result of results) {
      if (isStatic(result)) this.left -= CONSTANT_MEMORY + 8 * result.values.length;
      else open.push(isOpaque(result) ? result.opaque : result);
    }
    for (let e = open.pop(); e; e = open.pop()) {
      if (this.counted.has(e)) continue;
      this.counted.add(e);
      this.left -= memoryOf(e);
      if (this.left < 0) break;
      for (const input of e.inputs) open.push(input);
    }
    if (this.left < 0) throw invalidModel(TOO_MUCH_MEMORY);
  }
}

function memoryOf(e: Expr): number {
  if (e.op === "Parameter" || e.op === "Input") return 0;
  if (isForeign(e)) return FOREIGN_MEMORY;
  if (e.op !== "Constant") return EXPRESSION_MEMORY;
  return CONSTANT_MEMORY + e.attributes.value.data.byteLength;
}
