import { openTfjs } from "../tfjs/open-tfjs.ts";
import { serveHere } from "./serve-here.ts";

serveHere(openTfjs);
