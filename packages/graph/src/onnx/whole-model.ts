import type { Expr, ModelFile } from "../expr/expr.ts";
import { foreign, result } from "../expr/foreign.ts";
import type { OnnxModel } from "./from-onnx.ts";
import type { ExternalData } from "./read-tensor.ts";

/** Notes which bytes of which files `read` is asked for. */
export function notedReads(read: ExternalData | undefined) {
  const lengths = new Map<string, number>();
  const noted: ExternalData | undefined =
    read &&
    ((location, offset, length) => {
      lengths.set(location, Math.max(lengths.get(location) ?? 0, offset + length));
      return read(location, offset, length);
    });
  return {
    noted,
    /** The files, from their first byte to the last that was asked for. */
    files: () =>
      Object.fromEntries(
        [...lengths].map(([location, length]) => [
          location,
          (read as ExternalData)(location, 0, length),
        ]),
      ),
  };
}

/** A model whose results are those of its file, which a runtime runs as it is. */
export function wholeModel(
  model: OnnxModel,
  { bytes, external }: Pick<ModelFile, "bytes" | "external">,
): OnnxModel {
  const [inputs, outputs] = [Object.keys(model.signature), model.outputNames];
  const file: ModelFile = { bytes, external, inputs, outputs };
  return {
    ...model,
    parameters: [],
    apply(given) {
      const known = Object.entries(model.apply(given));
      const node = foreign(
        {
          domain: "",
          opType: "Model",
          version: 1,
          attributes: [],
          operands: inputs.map(() => true),
          results: outputs.map(() => true),
          missing: { name: "a model that is kept whole" },
          file,
        },
        inputs.map((name) => given[name]),
      );
      return Object.fromEntries(
        known.map(([name, { dtype, shape }], i): [string, Expr] => [
          name,
          result(node, i, dtype, shape),
        ]),
      );
    },
  };
}
