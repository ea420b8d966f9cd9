import { answerCalls } from "../../../../../tooling/browser/scenario-worker.ts";
import { scenarios } from "./scenarios.ts";

answerCalls(scenarios);
