import { cpuBackend } from "../src/cpu.ts";
import { conforms } from "./run-conformance.ts";

conforms("cpu", cpuBackend, { tolerance: 1e-15 });
