import { exposeWork } from "../../expose-work.ts";

exposeWork(async () => (await import("./create-race-api.ts")).createRaceApi());
