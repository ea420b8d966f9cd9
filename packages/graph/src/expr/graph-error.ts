import { ArgumentError } from "@gen/math/arguments";

/**
 * The error of shapes, tensors or expressions that do not fit together. Shapes with names may fit
 * in a run. A dtype that does not fit is an ArgumentError, as it fits in no run.
 */
export class GraphError extends ArgumentError {}
