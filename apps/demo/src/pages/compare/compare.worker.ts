import * as comlink from "comlink";
import { createCompareWork } from "./create-compare-work.ts";

comlink.expose(createCompareWork());
