import * as comlink from "comlink";
import { createModelWork } from "./create-model-work.ts";

comlink.expose(createModelWork());
