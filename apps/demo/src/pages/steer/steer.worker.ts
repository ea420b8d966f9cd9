import * as comlink from "comlink";
import { createWork } from "./create-work.ts";

comlink.expose(createWork());
