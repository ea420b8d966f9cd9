import { exposeWork } from "../../expose-work.ts";

exposeWork(async () => (await import("./create-latent-api.ts")).createLatentApi());
