import * as comlink from "comlink";
import { createLatentApi } from "./create-latent-api.ts";

comlink.expose(createLatentApi());
