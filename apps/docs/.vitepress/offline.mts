import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { writeWorker } from "../../../tooling/offline/write-worker.ts";

/**
 * Files that are not kept during the first visit: the reference and what only it and pictures need.
 * `hashmap.json` names the files of the newest build, so it is never kept.
 */
const later =
  /^(reference|zh\/reference|quickstart|share)\/|^assets\/(zh_)?reference_|\.(png|map|txt|json|wasm|woff|ttf|onnx|safetensors)$|^sw\.js$/;

/** Writes the service worker of the built site in `folder`. */
export async function writeSiteWorker(folder: string): Promise<void> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(folder.length + 1))
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => !later.test(file));
  await writeWorker({
    entry: fileURLToPath(new URL("../service-worker/service-worker.ts", import.meta.url)),
    folder,
    files,
    isHashed: (file) => file.startsWith("assets/"),
  });
}
