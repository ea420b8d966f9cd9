import { scenarios } from "./scenarios.ts";

Object.assign(globalThis, { scenarios });
