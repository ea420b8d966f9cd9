import { exposeWork } from "../../expose-work.ts";

exposeWork(async () => (await import("./create-worker-api.ts")).createWorkerApi());
