export * from "./model-rules.ts";
export * from "./rules.ts";
