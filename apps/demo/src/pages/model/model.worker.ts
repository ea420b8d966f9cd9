import { exposeWork } from "../../expose-work.ts";

exposeWork(async () => (await import("./create-model-work.ts")).createModelWork());
