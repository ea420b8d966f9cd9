import { build } from "vite";
import { resolve } from "node:path";
const ENTRY = resolve(import.meta.dirname, "entry.js");
const contents = `export * from "@gen/ddim"; export { sample } from "@gen/sampling"; export { linearSchedule } from "@gen/schedules";`;
const out = await build({ logLevel: "error", configFile: false, plugins: [{ name: "e", resolveId: (id) => id === ENTRY ? id : undefined, load: (id) => id === ENTRY ? contents : undefined }], build: { write: false, minify: true, rollupOptions: { input: ENTRY, preserveEntrySignatures: "strict", output: {} } } });
for (const c of [out].flat()[0].output) { if (c.type !== "chunk") continue; console.log(c.fileName, c.code.length, c.isEntry, c.imports); if (c.isEntry||process.argv[2]) for (const [m, v] of Object.entries(c.modules).sort((a, b) => b[1].renderedLength - a[1].renderedLength)) console.log("   ", v.renderedLength, m.replace("/work/main/packages/", "")); }
