import { exposeWork } from "../../expose-work.ts";
import { createWork } from "./create-work.ts";

exposeWork(createWork());
