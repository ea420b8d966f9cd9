import { exposeWork } from "../../expose-work.ts";

exposeWork(async () => (await import("./create-work.ts")).createWork());
