import { openOnnx } from "../onnx/open-onnx.ts";
import { serveHere } from "./serve-here.ts";

serveHere(openOnnx);
