import { createHash } from "node:crypto";
import { join } from "node:path";
import { build } from "esbuild";
import { packagesFolder } from "../typedoc/packages.mjs";

// A bundled configuration of VitePress has another address, so this folder is found from the packages.
const here = join(packagesFolder, "..", "apps", "docs", "live");

/** A script of this folder, alone. */
export async function frameScript(source: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(here, source)],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0].text;
}

/**
 * The frame's document. Its policy allows its own script and modules from blobs, and no requests.
 * With `sandbox="allow-scripts"` it has an opaque origin.
 */
export function framePage(text: string): string {
  const hash = createHash("sha256").update(text).digest("base64");
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${hash}' blob: 'wasm-unsafe-eval'`,
    "worker-src blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>gen</title>
</head>
<body><script>${text}</script></body>
</html>
`;
}
