import { readFileSync } from "node:fs";
import { writeSafetensors } from "@gen/data";

const encoder = new URL("reference/lora/text-encoder.onnx", import.meta.url);
export const textEncoder = new Uint8Array(readFileSync(encoder));
/** A learned word for that text encoder. */
export const embedding = writeSafetensors({ "<toy>": { shape: [12], data: new Float32Array(12) } });

/** A MatMul of the module attn1.to_q, whose weight [2, 3] lies in w.bin; written with onnx 1.23. */
export const outside = new Uint8Array(
  Buffer.from(
    "CA46qQEKMgoBeAoOb25ueDo6TWF0TXVsXzESAXkaEi9hdHRuMS90b19xL01hdE11bCIGTWF0TXVsEgFnKkYIAggDEAFCDm9ubng6Ok1hdE11bF8xahEKCGxvY2F0aW9uEgV3LmJpbmoLCgZvZmZzZXQSAThqDAoGbGVuZ3RoEgIyNHABWhMKAXgSDgoMCAESCAoCCAEKAggCYhMKAXkSDgoMCAESCAoCCAEKAggDQgQKABAR",
    "base64",
  ),
);

/** A LoRA of rank 1 for that module. */
export const loraOfQueries = writeSafetensors({
  "lora_unet_attn1_to_q.lora_up.weight": { shape: [3, 1], data: Float32Array.of(1, 2, 3) },
  "lora_unet_attn1_to_q.lora_down.weight": { shape: [1, 2], data: Float32Array.of(10, 20) },
});
