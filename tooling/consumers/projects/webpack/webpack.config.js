import { resolve } from "node:path";

export default {
  mode: "production",
  entry: "./main.js",
  experiments: { outputModule: true },
  output: { path: resolve("dist"), filename: "main.js", module: true, clean: true },
};
