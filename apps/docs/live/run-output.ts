import type { Message } from "./messages.ts";

/** The message of one kind. */
export type MessageOf<Kind> = Extract<Message, { kind: Kind }>;

/** A line that shows a result: what the page says, and what the run gave. */
export interface ResultRow extends MessageOf<"value"> {
  readonly code: string;
  readonly shown: string;
}

/** What a run gave. */
export interface RunOutput {
  logs: MessageOf<"log">[];
  results: ResultRow[];
  drawings: MessageOf<"drawing">[];
  errors: MessageOf<"error">[];
}

export const nothing = (): RunOutput => ({ logs: [], results: [], drawings: [], errors: [] });
