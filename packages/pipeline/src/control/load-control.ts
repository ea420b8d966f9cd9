import type { OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import { rules } from "@gen/math/arguments";
import { naming, type ReadFile, readJson } from "../folder-files.ts";
import { type LoadModelOptions, loadModel } from "../load-model.ts";

/** The files of a ControlNet. */
export interface ControlNetFiles extends Pick<LoadModelOptions, "readWeights" | "open"> {
  /** Gives the files of the ControlNet's folder. */
  readonly read: ReadFile;
  /** The path of the model. @defaultValue "model.onnx" */
  readonly path?: string;
  /** The name in errors. @defaultValue its place, such as `controlNets[0]` */
  readonly name?: string;
}

/** What the files of a ControlNet may be. */
export const CONTROL_NET: rules.Rule = rules.having("{ read, path, name, readWeights, open }", {
  read: rules.FUNCTION,
  path: rules.optional(rules.TEXT),
  name: rules.optional(rules.TEXT),
  readWeights: rules.optional(rules.FUNCTION),
  open: rules.optional(rules.FUNCTION),
});

/** A loaded ControlNet. */
export interface ControlNet {
  /** The name in errors. */
  readonly name: string;
  readonly model: OnnxModel;
  readonly isPooled: boolean;
}

/** Loads ControlNets. @throws GenError `invalid-model` naming the file that is missing or damaged. */
export const loadControlNets = (
  files: readonly ControlNetFiles[],
  options: LoadModelOptions,
): Promise<ControlNet[]> =>
  Promise.all(
    files.map(({ read, path = "model.onnx", readWeights, open, ...given }, k) => {
      const { name = `controlNets[${k}]` } = given;
      return naming(name, async () => {
        const { limit, wholeAbove } = options;
        const model = await loadModel(read, path, { limit, wholeAbove, readWeights, open });
        const config = await readJson(read, path.replace(/[^/]*$/, "config.json"), limit);
        if (model) return { name, model, isPooled: config?.global_pool_conditions === true };
        const torch = config
          ? " config.json alone is there: safetensors of PyTorch do not run here."
          : "";
        throw new GenError(
          "invalid-model",
          `${path} is missing: a ControlNet makes residuals of an image.${torch} Export diffusers' ControlNetModel to ONNX`,
        );
      });
    }),
  );
