// A separate module, which the first evaluated formula loads.
export { compileEvaluation } from "@gen/graph";
