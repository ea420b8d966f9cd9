// Writes the digits of @gen/data as a file that the room Latent fetches. As a script they would count
// to what the page must load before it shows anything.
// Run after `npm run build`: node tooling/models/latent/digits-file.mjs
import { writeFileSync } from "node:fs";
import { digits, writeSafetensors } from "../../../packages/data/dist/index.js";

const file = new URL("../../../apps/demo/src/pages/latent/digits.safetensors", import.meta.url);
const { data, labels, length, license } = await digits();
writeFileSync(
  file,
  writeSafetensors(
    {
      pixels: { dtype: "uint8", shape: [length, 8, 8], data: Uint8Array.from(data) },
      labels: { dtype: "uint8", shape: [length], data: Uint8Array.from(labels) },
    },
    { source: "digits of @gen/data, values 0 to 16", license },
  ),
);
