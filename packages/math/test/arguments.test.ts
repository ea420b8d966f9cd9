import { errorCode } from "@gen/math";
import {
  ArgumentError,
  checkArguments,
  checkOptions,
  refused,
  rules,
  shown,
} from "@gen/math/arguments";
import { describe, expect, it } from "vitest";

describe("a rule", () => {
  const cases: [string, rules.Rule, unknown[], unknown[]][] = [
    ["COUNT", rules.COUNT, [1, 2 ** 53 - 1], [0, -1, 1.5, Number.NaN, 2 ** 53, "1", undefined]],
    ["INDEX", rules.INDEX, [0, 3], [-1, 0.5, null]],
    ["UNIT", rules.UNIT, [0, 0.5, 1], [-0.1, 1.1, Number.NaN, "0.5"]],
    ["FINITE", rules.FINITE, [-1, 0], [Infinity, Number.NaN, "0"]],
    ["POSITIVE", rules.POSITIVE, [1, Infinity], [0, -1, Number.NaN]],
    ["NUMBERS", rules.NUMBERS, [[1], new Float32Array(2), []], [1, "12", [[1]], [{}]]],
    ["SIZES", rules.SIZES, [[1, 2]], [[], [0], [1.5], "1"]],
    ["OBJECT", rules.OBJECT, [{}], [null, [], new Uint8Array(1), Promise.resolve({})]],
    ["optional", rules.optional(rules.COUNT), [undefined, 2], [null, 0]],
    ["either", rules.either(rules.TEXT, rules.COUNT), ["a", 1], [0, null]],
    ["oneOf", rules.oneOf("a", null), ["a", null], ["b", undefined]],
    ["listOf", rules.listOf(rules.COUNT, 2), [[1, 2]], [[1], [1, 0], 1]],
    ["integerIn", rules.integerIn(2, 4), [2, 4], [1, 5, 2.5]],
    ["LEVEL", rules.LEVEL, [{ signal: 1, noise: 0 }], [{ signal: 1 }, { signal: -1, noise: 0 }]],
  ];

  it.each(cases)("%s allows what it says", (_, [, test], allowed, refusedValues) => {
    expect(allowed.map(test)).toEqual(allowed.map(() => true));
    expect(refusedValues.map(test)).toEqual(refusedValues.map(() => false));
  });
});

describe("checked arguments", () => {
  it("throw a RangeError with a code that names the argument, the rule and the value", () => {
    const check = () => checkArguments({ eta: 2 }, { eta: rules.UNIT });
    expect(check).toThrow(new ArgumentError("eta must be in [0, 1], got 2"));
    const error = refused("eta", "in [0, 1]", 2);
    expect(error).toBeInstanceOf(RangeError);
    expect(errorCode(error)).toBe("invalid-argument");
  });

  it("name the member of an object that breaks its rule, or the whole object without it", () => {
    const of = (level: unknown) => () => checkOptions({ level }, { level: rules.LEVEL });
    expect(of({ signal: 1, noise: -1 })).toThrow("level.noise must be finite and not negative");
    expect(of({ signal: 1 })).toThrow("level must be a noise level { signal, noise }");
    expect(of({ signal: 1, noise: 0 })).not.toThrow();
  });

  it("are refused as a whole where options are no object", () => {
    for (const options of [undefined, null, 1, [], "a"])
      expect(() => checkOptions(options, {})).toThrow("options must be an object");
  });
});

it("a message shows any value in short", () => {
  const values = ["plain", "true", 1.5, [1, "a"], { a: 1 }, new Map(), () => 1, null];
  expect(values.map(shown)).toEqual([
    "plain",
    '"true"',
    "1.5",
    '[1, "a"]',
    "{ a }",
    "a value of Map",
    "a function",
    "null",
  ]);
  expect(shown("x".repeat(1000)).length).toBeLessThan(120);
  expect(shown(Promise.resolve())).toContain("must be awaited");
});
