/*
 * Graphs inside of nodes: the branches of If, the bodies of Loop and Scan.
 *
 * A graph here has none; a model that a runtime opens as it is may, and its bodies are then checked as
 * its own nodes are, with the values around them.
 */
import { MAX_GRAPH_DEPTH } from "./limits.ts";
import { type Counts, decode } from "./message-codec.ts";
import { type AttributeProto, graph as graphMessage } from "./messages.ts";
import { decoded, invalidModel, label } from "./protobuf.ts";

/** The graphs in a node's attributes. @throws GenError `invalid-model` when they are too deep. */
export function bodiesOf(
  attributes: Iterable<Pick<AttributeProto, "g" | "graphs">>,
  { counts, depth, name }: { counts: Counts; depth: number; name: string },
) {
  const bytes = [...attributes].flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs));
  if (bytes.length > 0 && depth >= MAX_GRAPH_DEPTH) {
    throw invalidModel(
      `node ${label(name)} holds graphs nested more than ${MAX_GRAPH_DEPTH} deep; export the model without branches`,
    );
  }
  return bytes.map((each) => decoded(() => decode(graphMessage, each, counts)));
}
