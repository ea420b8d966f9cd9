import * as comlink from "comlink";
import { createWorkerApi } from "./create-worker-api.ts";

comlink.expose(createWorkerApi());
