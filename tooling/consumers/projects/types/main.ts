import { cpuBackend } from "@gen/runtime-gpu/cpu";
import { tenSteps } from "./ten-steps.js";

// Neither the DOM library nor Node's types are here.
declare const console: { log(text: string): void };

const result: { byFunction: number[]; byBackend: number[] } = await tenSteps(cpuBackend());
console.log(JSON.stringify(result));
