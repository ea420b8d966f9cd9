// @ts-check
// Types and signatures as TypeScript writes them.

/** @typedef {import("typedoc").SomeType} SomeType */
/** @typedef {import("typedoc").SignatureReflection} Signature */

/** A type in one line. @param {SomeType | undefined} type @returns {string} */
export function typeText(type) {
  if (!type) return "any";
  switch (type.type) {
    case "array":
      return `${wrapped(type.elementType)}[]`;
    case "conditional":
      return `${typeText(type.checkType)} extends ${typeText(type.extendsType)} ? ${typeText(type.trueType)} : ${typeText(type.falseType)}`;
    case "indexedAccess":
      return `${wrapped(type.objectType)}[${typeText(type.indexType)}]`;
    case "intersection":
      return type.types.map(wrapped).join(" & ");
    case "literal":
      return typeof type.value === "bigint" ? `${type.value}n` : JSON.stringify(type.value);
    case "mapped":
      return `{ [${type.parameter} in ${typeText(type.parameterType)}]${type.optionalModifier ? "?" : ""}: ${typeText(type.templateType)} }`;
    case "namedTupleMember":
      return `${type.name}${type.isOptional ? "?" : ""}: ${typeText(type.element)}`;
    case "optional":
      return `${wrapped(type.elementType)}?`;
    case "query":
      return `typeof ${type.queryType.name}`;
    case "reference":
      return type.name + argumentsText(type.typeArguments);
    case "reflection":
      return literalText(type.declaration);
    case "rest":
      return `...${typeText(type.elementType)}`;
    case "tuple":
      return `[${type.elements.map(typeText).join(", ")}]`;
    case "typeOperator":
      return `${type.operator} ${wrapped(type.target)}`;
    case "union":
      return type.types
        .map((part) => (isFunction(part) ? wrapped(part) : typeText(part)))
        .join(" | ");
    default:
      return type.toString();
  }
}

/** @param {readonly SomeType[] | undefined} types */
const argumentsText = (types) => (types?.length ? `<${types.map(typeText).join(", ")}>` : "");

/** @param {SomeType} type */
const isFunction = (type) => type.type === "reflection" && !!type.declaration.signatures;

/** In brackets where a list, a union or a function would be read wrongly. @param {SomeType} type */
const wrapped = (type) =>
  isFunction(type) || ["union", "intersection", "conditional", "typeOperator"].includes(type.type)
    ? `(${typeText(type)})`
    : typeText(type);

/** A type `{ ... }` or `(...) => ...`. @param {import("typedoc").DeclarationReflection} literal */
function literalText(literal) {
  const calls = literal.signatures ?? [];
  const members = literal.children ?? [];
  if (calls.length === 1 && members.length === 0) return signatureText(calls[0], "", " => ");
  const indexes = (literal.indexSignatures ?? []).map(
    ({ parameters, type }) => `[${parameters?.map(parameterText).join(", ")}]: ${typeText(type)}`,
  );
  const parts = [
    ...calls.map((call) => signatureText(call, "")),
    ...members.map(memberText),
    ...indexes,
  ];
  return parts.length === 0 ? "{}" : `{ ${parts.join("; ")} }`;
}

/** A field or method of a type. @param {import("typedoc").DeclarationReflection} member */
function memberText(member) {
  const mark = member.flags.isOptional ? "?" : "";
  const [signature] = member.signatures ?? [];
  if (signature) return signatureText(signature, member.name + mark);
  return `${member.name}${mark}: ${typeText(fieldType(member))}`;
}

/** @param {import("typedoc").DeclarationReflection} member */
export const fieldType = (member) => member.type ?? member.getSignature?.type;

/** @param {import("typedoc").ParameterReflection} parameter */
const parameterText = (parameter) => {
  const optional = parameter.flags.isOptional || parameter.defaultValue !== undefined;
  const rest = parameter.flags.isRest ? "..." : "";
  return `${rest}${parameterName(parameter)}${optional ? "?" : ""}: ${typeText(parameter.type)}`;
};

/** typedoc names a destructured parameter itself. @param {import("typedoc").ParameterReflection} parameter */
export const parameterName = ({ name }) => (name === "__namedParameters" ? "options" : name);

/** @param {readonly import("typedoc").TypeParameterReflection[] | undefined} parameters */
export const typeParametersText = (parameters) =>
  parameters?.length
    ? `<${parameters.map(({ name, type }) => (type ? `${name} extends ${typeText(type)}` : name)).join(", ")}>`
    : "";

/**
 * A signature, in one line if it fits.
 *
 * @param {Signature} signature @param {string} name @param {string} [arrow]
 */
export function signatureText(signature, name, arrow = ": ") {
  const head = name + typeParametersText(signature.typeParameters);
  const parameters = (signature.parameters ?? []).map(parameterText);
  const line = `${head}(${parameters.join(", ")})${arrow}${typeText(signature.type)}`;
  if (line.length <= 76 || arrow !== ": " || !name.startsWith("function ")) return line;
  return `${head}(\n${parameters.map((text) => `  ${text},\n`).join("")})${arrow}${typeText(signature.type)}`;
}
