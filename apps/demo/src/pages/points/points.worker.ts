import { exposeWork } from "../../expose-work.ts";
import { createWorkerApi } from "./create-worker-api.ts";

exposeWork(createWorkerApi());
