import { describe, expect, it } from "vitest";
import { checkNode } from "./ready.mjs";

describe("checkNode", () => {
  it.each(["20.19.0", "20.20.2", "22.0.0", "24.1.0"])("accepts Node %s", (version) => {
    expect(() => checkNode(version)).not.toThrow();
  });

  it.each(["18.20.4", "20.18.3", "20.9.0"])(
    "rejects Node %s and names the oldest version allowed",
    (version) => {
      expect(() => checkNode(version)).toThrow(`Node must be 20.19 or newer, got ${version}`);
    },
  );
});
