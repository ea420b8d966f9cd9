import * as comlink from "comlink";
import { createRaceApi } from "./create-race-api.ts";

comlink.expose(createRaceApi());
