// A module of its own: it is loaded when the first formula is evaluated.
export { compileEvaluation } from "@gen/graph";
