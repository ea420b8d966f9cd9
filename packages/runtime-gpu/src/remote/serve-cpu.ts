import { cpuBackend } from "../cpu.ts";
import { serveHere } from "./serve-here.ts";

serveHere(async () => cpuBackend());
