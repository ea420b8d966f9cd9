import * as comlink from "comlink";
import { createStudio } from "./create-studio.ts";

comlink.expose(createStudio());
