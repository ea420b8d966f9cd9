import { errorCode, GenError } from "@gen/math";
import { describe, expect, it } from "vitest";

describe("an error", () => {
  it("has a code, a cause and one line", () => {
    const cause = new Error("why");
    const error = new GenError("invalid-data", " a.npy:\r\n  truncated\n", { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "GenError", code: "invalid-data", cause });
    expect(error.message).toBe("a.npy: truncated");
  });

  it("keeps a message of 500 characters, and the two ends of a longer one", () => {
    const at = (length: number) =>
      new GenError("usage", "a".repeat(length - 1).concat("z")).message;
    expect(at(500)).toBe(`${"a".repeat(499)}z`);
    expect(at(501)).toBe(`${"a".repeat(248)} ... ${"a".repeat(246)}z`);
    expect(at(1e6)).toHaveLength(500);
  });

  it("is recognized by its code alone", () => {
    expect(errorCode(new GenError("disposed", "x"))).toBe("disposed");
    expect(errorCode(Object.assign(new Error("x"), { code: "ENOENT" }))).toBeUndefined();
    expect(errorCode(undefined)).toBeUndefined();
  });
});

it("a message of megabytes becomes one short line at once", () => {
  for (const part of ["a", " ", "\n", " \n", "\r\n a"]) {
    const { message } = new GenError("usage", `x${part.repeat(2e6)}z`);
    expect(message.length).toBeLessThanOrEqual(500);
    expect(message).toMatch(/^x[^\n\r]*z$/);
  }
});
