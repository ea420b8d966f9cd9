import { exposeWork } from "../../expose-work.ts";
import { createLatentApi } from "./create-latent-api.ts";

exposeWork(createLatentApi());
