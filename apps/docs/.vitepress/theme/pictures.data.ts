import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../public/quickstart", import.meta.url));

declare const data: string[];

export { data };

/** The file names of the quickstart's pictures in public/quickstart. */
export default {
  watch: [`${folder}/*.png`],
  load: () => (existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith(".png")) : []),
};
