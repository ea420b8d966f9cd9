import { exposeWork } from "../../expose-work.ts";
import { createCompareWork } from "./create-compare-work.ts";

exposeWork(createCompareWork());
