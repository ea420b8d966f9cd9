// Writes an import map of all entry points of the installed packages into index.html.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const modules = "./node_modules";
const imports = {
  "@bufbuild/protobuf/wire": `${modules}/@bufbuild/protobuf/dist/esm/wire/index.js`,
  "onnxruntime-web/wasm": `${modules}/onnxruntime-web/dist/ort.wasm.bundle.min.mjs`,
};
for (const name of readdirSync(`${modules}/@gen`)) {
  const folder = `${modules}/@gen/${name}`;
  const { exports } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  for (const [path, target] of Object.entries(exports)) {
    if (target.default) imports[`@gen/${name}${path.slice(1)}`] = folder + target.default.slice(1);
  }
}
const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
const html = readFileSync("index.html", "utf8");
writeFileSync("index.html", html.replace("</head>", `${map}</head>`));
