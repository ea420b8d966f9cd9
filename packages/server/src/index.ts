export { pictureModel } from "./picture-model.ts";
export { sampleModel } from "./sample-model.ts";
export type { Drawn, DrawRequest, ServedModel } from "./served-model.ts";
export { type RunningServer, type ServerOptions, startServer } from "./server.ts";
