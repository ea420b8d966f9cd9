import { existsSync, readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../public/quickstart/", import.meta.url);

/** The size of a picture by its name. */
type Pictures = Readonly<Record<string, { readonly width: number; readonly height: number }>>;

declare const data: Pictures;

export { data };

/** The pictures of `public/quickstart`. A page shows those that exist. */
export default {
  watch: ["../../public/quickstart/*.png"],
  load: (): Pictures => {
    if (!existsSync(folder)) return {};
    const names = readdirSync(folder).filter((name) => name.endsWith(".png"));
    return Object.fromEntries(
      names.map((name) => {
        const header = readFileSync(new URL(name, folder));
        return [name, { width: header.readUInt32BE(16), height: header.readUInt32BE(20) }];
      }),
    );
  },
};
