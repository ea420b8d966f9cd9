import { transform } from "sucrase";
import { withChecks } from "./result-lines.mjs";

/** An example that cannot start, with the line of the fault. */
export class CodeError extends Error {
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

export interface PreparedCode {
  /** JavaScript, with as many lines as the example and one more. */
  readonly program: string;
  /** The packages that it imports. */
  readonly imports: readonly string[];
}

/**
 * Makes a program of an example: the lines that show results report their values, the types are
 * removed, and the last line reports the declared values.
 *
 * @throws CodeError when the example does not parse.
 */
export function prepareCode(code: string): PreparedCode {
  const checked = withChecks(code, { numbered: true, lenient: true })
    .split("\n")
    .map((line, i) => line.replace(/^([A-Za-z_$][\w$.]*);$/, `__value($1, ${i + 1});`))
    .join("\n");
  const program = withoutTypes(`${checked}\n${seenLine(code)}`);
  const found = program.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"'\n]+)["']/g);
  return { program, imports: [...new Set(Array.from(found, ([, name]) => name))] };
}

function withoutTypes(code: string): string {
  try {
    return transform(code, { transforms: ["typescript"], disableESTransforms: true }).code;
  } catch (error) {
    const { message, loc } = error as Error & { loc?: { line: number } };
    const text = message.replace(/^Error transforming [^:]*: /, "").replace(/ \(\d+:\d+\)$/, "");
    throw new CodeError(text, loc?.line);
  }
}

/** A call with each value that the example declares at its top. */
function seenLine(code: string): string {
  const names = code.split("\n").flatMap(declaredNames);
  const values = [...new Set(names)].map(
    (name) => `${name}: typeof ${name} === "undefined" ? undefined : ${name}`,
  );
  return `__seen({ ${values.join(", ")} });`;
}

/** The names of `const a =`, `const { a, b: c } =` and `const [a, b] =` on one line. */
function declaredNames(line: string): string[] {
  const [, one, several = ""] =
    /^(?:export )?(?:const|let|var) (?:([A-Za-z_$][\w$]*)|[{[]([^{}[\]]*)[}\]])/.exec(line) ?? [];
  if (one) return [one];
  return several
    .split(",")
    .map((part) => /([A-Za-z_$][\w$]*)\s*(?:=.*)?$/.exec(part.trim())?.[1] ?? "")
    .filter((name) => name !== "");
}
