import { exposeWork } from "../../expose-work.ts";

exposeWork(async () => (await import("./create-compare-work.ts")).createCompareWork());
