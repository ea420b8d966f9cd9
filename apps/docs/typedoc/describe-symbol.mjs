// @ts-check
// One symbol as markdown: its signature, what it does, and tables of its parameters or fields.
import { ReflectionKind } from "typedoc";
import { cell, defaultOf, markdownOf, tagTexts, typeMarkdown } from "./comment-text.mjs";
import { anchorOf, isInNamespace, namedIn } from "./reference-pages.mjs";
import { sourceLink } from "./repository.mjs";
import {
  fieldType,
  parameterName,
  signatureText,
  typeParametersText,
  typeText,
} from "./type-text.mjs";
import { words } from "./words.mjs";

/** @typedef {import("typedoc").DeclarationReflection} Declaration */
/** @typedef {{ language: import("./words.mjs").Language, linkTo: import("./comment-text.mjs").LinkTo }} Context */

/** @param {string} text */
const label = (text) => `<p class="label">${text}</p>`;

/** @param {string} code */
const fence = (code) => `\`\`\`ts\n${code}\n\`\`\``;

/**
 * The description of a symbol below a heading.
 *
 * @param {Declaration} symbol @param {Context} context @returns {string}
 */
export function describeSymbol(symbol, context) {
  const inNamespace = isInNamespace(symbol);
  const name = inNamespace ? `${symbol.parent?.name}.${symbol.name}` : symbol.name;
  const heading = `${inNamespace ? "###" : "##"} ${name} {#${anchorOf(symbol)}}`;
  const parts = symbol.signatures?.length
    ? describeFunction(symbol, symbol.signatures, name, context)
    : symbol.kindOf(ReflectionKind.Namespace)
      ? describeNamespace(symbol, context)
      : describeType(symbol, context);
  return [heading, ...parts].filter((part) => part !== "").join("\n\n");
}

/** Functions first, then the types that they use; constants share one table. @param {Declaration} symbol @param {Context} context */
function describeNamespace(symbol, context) {
  const members = symbol.children ?? [];
  const isConstant = (/** @type {Declaration} */ one) => one.kindOf(ReflectionKind.Variable);
  const others = members.filter((one) => !isConstant(one));
  others.sort((a, b) => Number(!a.signatures) - Number(!b.signatures));
  const rows = members.filter(isConstant).map((one) => {
    const text = row(one.name, one.type, one.comment, undefined, context);
    return text.replace("| ", `| <span id="${anchorOf(one)}"></span>`);
  });
  return [
    summary(symbol.comment, context),
    table(words[context.language].constants, rows, context),
    ...others.map((member) => describeSymbol(member, context)),
  ];
}

/**
 * @param {Declaration} symbol @param {readonly import("typedoc").SignatureReflection[]} signatures
 * @param {string} name @param {Context} context
 */
function describeFunction(symbol, signatures, name, context) {
  const { language, linkTo } = context;
  const code = signatures
    .map((one) => signatureText(one, `function ${name.replace(/.*\./, "")}`))
    .join("\n");
  // Overloads share their description; a parameter is described once.
  const first = signatures.find(({ comment }) => comment?.hasVisibleComponent()) ?? signatures[0];
  const all = signatures.flatMap(({ parameters }) => parameters ?? []);
  const rows = [...new Set(all.map(parameterName))].flatMap((name) => {
    const same = all.filter((one) => parameterName(one) === name);
    const one = same.find(({ comment }) => comment?.hasVisibleComponent()) ?? same[0];
    const fallback = defaultOf(one.comment, linkTo) ?? defaultValue(one.defaultValue);
    const fields = inlineFields(one.type).map((field) => fieldRow(field, context, `${name}.`));
    return [row(name, one.type, one.comment, fallback, context), ...fields];
  });
  const texts = (/** @type {`@${string}`} */ tag) => tagTexts(first.comment, tag, linkTo);
  return [
    fence(code),
    summary(first.comment, context),
    table(words[language].parameters, rows, context),
    ...texts("@returns").map((text) => `${label(words[language].returns)}\n\n${text}`),
    throwsList(texts("@throws"), context),
    ...texts("@example"),
    source(symbol, context),
  ];
}

/** @param {string[]} texts @param {Context} context */
const throwsList = (texts, { language }) =>
  texts.length === 0
    ? ""
    : `${label(words[language].throws)}\n\n${texts.map((text) => `- ${text.replaceAll("\n", " ")}`).join("\n")}`;

/** An interface, a class, a type or a constant. @param {Declaration} symbol @param {Context} context */
function describeType(symbol, context) {
  const { language, linkTo } = context;
  const fields = fieldsOf(symbol);
  const own = fields.filter(({ inheritedFrom }) => !inheritedFrom);
  const bases = (symbol.extendedTypes ?? []).flatMap(namedIn).filter((one) => linkTo(one));
  const inherited = [...new Set(bases)].map((one) => `[\`${one.name}\`](${linkTo(one)})`);
  const methods = own.filter(isMethod);
  const rows = own.filter((one) => !isMethod(one)).map((one) => fieldRow(one, context));
  const {
    methods: methodsWord,
    description,
    fields: fieldsWord,
    inherited: also,
    comma,
  } = words[language];
  const methodRows = methods.flatMap((one) =>
    (one.signatures ?? []).map(
      (call) =>
        `| ${code(signatureText(call, one.name))} | ${cell(summary(call.comment ?? one.signatures?.[0].comment, context))} |`,
    ),
  );
  return [
    // A plain interface is its table.
    isPlain(symbol) ? "" : fence(headOf(symbol, fields.length > 0)),
    summary(symbol.comment, context),
    table(fieldsWord, rows, context),
    methodRows.length > 0
      ? `| ${methodsWord} | ${description} |\n| --- | --- |\n${methodRows.join("\n")}`
      : "",
    inherited.length > 0 ? `${also} ${inherited.join(comma)}` : "",
    source(symbol, context),
  ];
}

/** The fields of an interface, a class, an object type or each object of a union. @param {Declaration} symbol */
export function fieldsOf(symbol) {
  const visible = (/** @type {Declaration} */ one) => !one.kindOf(ReflectionKind.Constructor);
  if (symbol.children) return symbol.children.filter(visible);
  return inlineFields(symbol.type);
}

/**
 * The fields of the object types that are written out in a type.
 *
 * @param {import("typedoc").SomeType | undefined} type @returns {Declaration[]}
 */
export function inlineFields(type) {
  const parts = type?.type === "union" || type?.type === "intersection" ? type.types : [type];
  return parts.flatMap((part) =>
    part?.type === "reflection" ? (part.declaration.children ?? []) : [],
  );
}

/** @param {Declaration} field @param {Context} context @param {string} [prefix] */
function fieldRow(field, context, prefix = "") {
  const comment = field.comment ?? field.getSignature?.comment;
  const name = prefix + field.name + (field.flags.isOptional ? "?" : "");
  return row(name, fieldType(field), comment, defaultOf(comment, context.linkTo), context);
}

/** @param {Declaration} field */
export const isMethod = (field) => field.signatures !== undefined;

/** @param {Declaration} symbol */
const isPlain = (symbol) =>
  symbol.kindOf(ReflectionKind.Interface) && !symbol.typeParameters && !symbol.extendedTypes;

/** The code of a type: its fields follow in a table. @param {Declaration} symbol @param {boolean} hasFields */
function headOf(symbol, hasFields) {
  const parameters = typeParametersText(symbol.typeParameters);
  const names = (symbol.extendedTypes ?? []).map(typeText);
  const isLong = names.join(", ").length > 50;
  const bases =
    names.length > 0
      ? `${isLong ? "\n  " : " "}extends ${names.join(isLong ? ",\n    " : ", ")}`
      : "";
  if (symbol.kindOf(ReflectionKind.Interface))
    return `interface ${symbol.name}${parameters}${bases}`;
  if (symbol.kindOf(ReflectionKind.Class)) {
    const [maker] = (symbol.children ?? []).filter((one) => one.kindOf(ReflectionKind.Constructor));
    const call = maker?.signatures?.[0];
    return `class ${symbol.name}${parameters}${bases}${call ? `\n${signatureText(call, `new ${symbol.name}`)}` : ""}`;
  }
  const isObject = symbol.type?.type === "reflection" && hasFields;
  if (symbol.kindOf(ReflectionKind.Variable)) {
    return `const ${symbol.name}: ${isObject ? "{ ... }" : typeText(symbol.type)}`;
  }
  const text = isObject ? "{ ... }" : unionText(symbol);
  return `type ${symbol.name}${parameters} = ${text}`;
}

/** A long union takes a line for each part. @param {Declaration} symbol */
function unionText({ type }) {
  const text = typeText(type);
  if (type?.type !== "union" || text.length <= 70) return text;
  return type.types.map((part) => `\n  | ${typeText(part)}`).join("");
}

/** @param {string} text */
const code = (text) => `\`${text.replaceAll("\n", " ").replaceAll("|", "\\|")}\``;

/** @param {import("typedoc").Comment | undefined} comment @param {Context} context */
const summary = (comment, { linkTo }) => markdownOf(comment?.summary ?? [], linkTo);

/** @param {string | undefined} value */
const defaultValue = (value) =>
  value === undefined || /^(\.\.\.|\{\})$/.test(value) ? undefined : `\`${value}\``;

/**
 * @param {string} name @param {import("typedoc").SomeType | undefined} type
 * @param {import("typedoc").Comment | undefined} comment @param {string | undefined} fallback
 * @param {Context} context
 */
function row(name, type, comment, fallback, context) {
  const { defaultValue, colon } = words[context.language];
  const own = summary(comment, context) || typeSummary(type, context);
  // A sentence may name the default itself.
  const isUnsaid = fallback !== undefined && !/\bDefault: /.test(own);
  const text = [own, ...(isUnsaid ? [`${defaultValue}${colon}${fallback}.`] : [])]
    .filter(Boolean)
    .join(" ");
  return `| ${code(name)} | ${typeMarkdown(type, context.linkTo)} | ${cell(text)} |`;
}

/** What an object is for, where its type says it. @param {import("typedoc").SomeType | undefined} type @param {Context} context */
function typeSummary(type, context) {
  const [target] = type?.type === "reference" ? namedIn(type) : [];
  return summary(target?.comment, context).split(/(?<=\.)\s/)[0];
}

/** @param {string} what the heading of the first column @param {string[]} rows @param {Context} context */
function table(what, rows, { language }) {
  if (rows.length === 0) return "";
  const { type, description } = words[language];
  return `| ${what} | ${type} | ${description} |\n| --- | --- | --- |\n${rows.join("\n")}`;
}

/** @param {Declaration} symbol @param {Context} context */
function source(symbol, { language }) {
  const [place] = symbol.sources ?? symbol.signatures?.[0].sources ?? [];
  if (!place) return "";
  return `<p class="source">${words[language].source}${words[language].colon}${sourceLink(`packages/${place.fileName}`, place.line)}</p>`;
}
