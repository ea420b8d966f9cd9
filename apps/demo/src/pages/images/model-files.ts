import { writeSafetensors } from "@gen/data";
import { fromOnnx } from "@gen/graph/onnx";
import { weightsOf } from "@gen/nn";
import { zipFolder } from "../../zip-folder.ts";
import type { ModelId } from "./settings.ts";

/*
 * The files of a shipped model. They are made when a reader saves one.
 */

/** The weights of an ONNX model as safetensors, by the names that they have there. */
export async function weightsFile(onnx: Blob): Promise<Blob> {
  const model = fromOnnx(new Uint8Array(await onnx.arrayBuffer()));
  return new Blob([writeSafetensors(weightsOf(model)) as BlobPart]);
}

/** A model's folder, from the list of files below the address `folders`. */
export async function folderFile(folders: string, model: ModelId): Promise<Blob> {
  const list = await (await fetched(`${folders}SHA256SUMS`)).text();
  const paths = Array.from(list.matchAll(/^\S+ {2}(\S+)$/gm), ([, path]) => path);
  const inside = `${model}/`;
  const entries = await Promise.all(
    paths
      .filter((path) => path.startsWith(inside))
      .map(async (path) => {
        const bytes = await (await fetched(folders + path)).arrayBuffer();
        return [path.slice(inside.length), new Uint8Array(bytes)] as const;
      }),
  );
  return zipFolder(Object.fromEntries(entries));
}

async function fetched(address: string): Promise<Response> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  return response;
}
