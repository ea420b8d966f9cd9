import { exposeWork } from "../../expose-work.ts";
import { createModelWork } from "./create-model-work.ts";

exposeWork(createModelWork());
