import { serveBackend } from "../../../src/index.ts";
import { openHere } from "./subjects.ts";

serveBackend(() => openHere((self as unknown as { name: string }).name));
