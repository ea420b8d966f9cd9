import { onnxBackend } from "../src/onnx.ts";
import { conforms } from "./run-conformance.ts";

conforms("onnx/node-cpu", () => onnxBackend({ provider: "cpu" }), { tolerance: 2e-6 });
conforms("onnx/wasm", () => onnxBackend({ provider: "wasm" }), { tolerance: 2e-6 });
