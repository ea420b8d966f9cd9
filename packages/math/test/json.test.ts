import { parseJson } from "@gen/math/json";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_JSON_CONTAINERS,
  MAX_JSON_KEYS,
  MAX_JSON_LENGTH,
  MAX_JSON_NESTING,
  MAX_JSON_VALUES,
} from "../src/json-limits.ts";

const refused = (problem: string) =>
  expect.objectContaining({
    name: "GenError",
    code: "invalid-data",
    message: expect.stringContaining(problem),
  });

describe("parseJson", () => {
  it("reads what JSON.stringify wrote, as a text and as bytes, with and without spaces", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJson(text)).toEqual(JSON.parse(text));
        expect(parseJson(new TextEncoder().encode(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it("refuses what JSON.parse refuses", () => {
    const alphabet = fc.constantFrom(...'{}[]:,"\\u00019-+.eE tfn\n', "true", "null", '""');
    const text = fc.array(alphabet, { maxLength: 12 }).map((parts) => parts.join(""));
    const attempt = (read: () => unknown) => {
      try {
        return JSON.stringify(read());
      } catch {
        return "refused";
      }
    };
    fc.assert(
      fc.property(text, (text) => {
        fc.pre(!/"(.*)".*:.*"\1".*:/.test(text));
        expect(attempt(() => parseJson(text))).toBe(attempt(() => JSON.parse(text)));
      }),
      { numRuns: 3000 },
    );
  });

  it("reads Python's numbers that are not finite", () => {
    expect(parseJson('[NaN, Infinity, -Infinity, {"a": NaN}]')).toEqual([
      Number.NaN,
      Infinity,
      -Infinity,
      { a: Number.NaN },
    ]);
  });

  it("takes __proto__ and other names of Object.prototype for plain keys", () => {
    const object = parseJson('{"__proto__": {"a": 1}, "constructor": 2}') as object;
    expect(Object.keys(object)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect((object as { a?: number }).a).toBeUndefined();
    expect(() => parseJson('{"__proto__": 1, "__proto__": 2}')).toThrow(refused("occurs twice"));
  });

  it("names the file and the place, and quotes nothing", () => {
    const where = (text: string) => {
      try {
        parseJson(text, { name: "a.json" });
      } catch (error) {
        return (error as Error).message;
      }
      return "accepted";
    };
    expect(where("root:x:0")).toBe("a.json is not JSON: a value is missing at character 1");
    expect(where('{"a": secret}')).toBe("a.json is not JSON: a value is missing at character 7");
    expect(where('{"a": 1 secret')).toBe(
      "a.json is not JSON: a comma or a closing bracket is missing at character 9",
    );
    expect(where('"secret\\x"')).toBe(
      "a.json is not JSON: an escape is not valid in the string at character 1",
    );
    expect(where('{"a": 1, "a": 2}')).toMatch(/^a\.json is not JSON: a key occurs twice/);
    expect(where("[")).toBe("a.json is not JSON: a value is missing at the end of the text");
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(refused("must be UTF-8"));
  });

  it("has a limit of length, of nesting, of values, of keys, and of lists and objects", () => {
    const long = (length: number) => `"${"a".repeat(length - 2)}"`;
    expect(parseJson(long(MAX_JSON_LENGTH))).toHaveLength(MAX_JSON_LENGTH - 2);
    expect(() => parseJson(long(MAX_JSON_LENGTH + 1))).toThrow(
      refused(`at most ${MAX_JSON_LENGTH} characters, got ${MAX_JSON_LENGTH + 1}`),
    );
    expect(() => parseJson(new Uint8Array(11), { limit: 10 })).toThrow(
      refused("at most 10 bytes, got 11"),
    );
    const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(JSON.stringify(parseJson(deep(MAX_JSON_NESTING)))).toBe(deep(MAX_JSON_NESTING));
    expect(() => parseJson(deep(MAX_JSON_NESTING + 1))).toThrow(refused("at most 64 deep"));
    expect(() => parseJson(deep(8e6))).toThrow(refused("at most 64 deep"));
    const many = (values: number) => `[${"0,".repeat(values - 2)}0]`;
    expect(parseJson(many(MAX_JSON_VALUES))).toHaveLength(MAX_JSON_VALUES - 1);
    expect(() => parseJson(many(MAX_JSON_VALUES + 1), { limit: 2 ** 25 })).toThrow(
      refused("at most 8388608 values"),
    );
    const keyed = (keys: number) => `{${Array.from({ length: keys }, (_, i) => `"${i}":0`)}}`;
    expect(Object.keys(parseJson(keyed(MAX_JSON_KEYS), { limit: 2 ** 25 }) as object)).toHaveLength(
      MAX_JSON_KEYS,
    );
    expect(() => parseJson(keyed(MAX_JSON_KEYS + 1), { limit: 2 ** 25 })).toThrow(
      refused("at most 2097152 keys"),
    );
    const nested = (lists: number) => `[${"[],".repeat(lists - 2)}{}]`;
    expect(parseJson(nested(MAX_JSON_CONTAINERS))).toHaveLength(MAX_JSON_CONTAINERS - 1);
    expect(() => parseJson(nested(MAX_JSON_CONTAINERS + 1))).toThrow(
      refused("at most 524288 lists and objects"),
    );
  });

  it.each([
    ["an unclosed string of escapes", `{"a":"${'\\"'.repeat(6e6)}`],
    ["a long string", `["${"a".repeat(12e6)}"]`],
    ["a long number", `[${"1".repeat(12e6)}]`],
    ["a long word", `[${"N".repeat(12e6)}]`],
    ["white space", `${" ".repeat(12e6)}[`],
    ["many keys", `{${Array.from({ length: 500_000 }, (_, i) => `"k${i}":0`)}`],
  ])("takes %s in linear time", (_what, text) => {
    const started = process.cpuUsage();
    try {
      parseJson(text);
    } catch (error) {
      expect(error).toMatchObject({ code: "invalid-data" });
    }
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(10);
  });
});
