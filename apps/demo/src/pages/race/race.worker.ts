import { exposeWork } from "../../expose-work.ts";
import { createRaceApi } from "./create-race-api.ts";

exposeWork(createRaceApi());
