/*
 * Completion scripts for shells, made from the commands and their options. A script knows all words
 * itself, so that a press of the Tab key starts no Node.
 */
import type { Command, Option } from "commander";
import { dataNames } from "./names.ts";
import { controlFile, embeddingFile, loraFile, namedPath, path } from "./options.ts";

/** The shells that complete. */
export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

/** The parsers of flags whose values are files. */
const fileParsers: ReadonlySet<unknown> = new Set([
  path,
  namedPath,
  loraFile,
  embeddingFile,
  controlFile,
]);

/** A flag, and what may follow it. */
interface Flag {
  readonly name: string;
  readonly text: string;
  /** Undefined for a switch, empty for a number or a text. */
  readonly values?: readonly string[];
  readonly takesFile: boolean;
}

/** A command at a path such as `/train/vae`. */
interface Row {
  readonly path: string;
  readonly children: readonly { readonly name: string; readonly text: string }[];
  readonly flags: readonly Flag[];
  /** Words that its argument may be; undefined where it is a file. */
  readonly words?: readonly string[];
}

/** The script of a shell. */
export const completionScript = (shell: Shell, program: Command): string =>
  scripts[shell](rowsOf(program));

function rowsOf(command: Command, path = ""): Row[] {
  const help: Flag = { name: "--help", text: "display help for command", takesFile: false };
  const row: Row = {
    path,
    children: command.commands.map((child) => ({ name: child.name(), text: child.description() })),
    flags: [...command.options.map(flagOf), help],
    words: command.registeredArguments[0]?.argChoices,
  };
  return [row, ...command.commands.flatMap((child) => rowsOf(child, `${path}/${child.name()}`))];
}

function flagOf(option: Option): Flag {
  const { argChoices, description, long, parseArg, required } = option;
  const values = argChoices ?? (long === "--data" ? dataNames : []);
  return {
    name: `${long}`,
    // The first clause: a line of a shell's list is short.
    text: description.split(/[:;(]/)[0].trim(),
    ...(required && { values }),
    takesFile: required && fileParsers.has(parseArg),
  };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Completes by the words before the cursor. In zsh it runs through bashcompinit. */
function bash(rows: readonly Row[]): string {
  const paths = rows.flatMap(({ path }) => (path === "" ? [] : [quoted(path)]));
  const values = rows.flatMap(({ path, flags }) =>
    flags.flatMap((flag) =>
      flag.values
        ? [
            `    ${quoted(`${path} ${flag.name}`)}) __gen_reply ${flag.takesFile ? "file" : "word"} ${quoted(flag.values.join(" "))}; return ;;`,
          ]
        : [],
    ),
  );
  const words = rows.map(({ path, children, flags, words }) => {
    const own = words ?? children.map(({ name }) => name);
    const kind = own.length === 0 ? "file" : "word";
    const names = flags.map(({ name }) => name).join(" ");
    return `    ${quoted(path)}) kind=${kind} words=${quoted(own.join(" "))} flags=${quoted(names)} ;;`;
  });
  return `# Completion of gen in bash. In ~/.bashrc: source <(gen completion bash)
__gen_reply() {
  COMPREPLY=($(compgen -W "$2" -- "$cur"))
  if [ "$1" = file ]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
  fi
}

_gen() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path="" i line kind words flags
  COMPREPLY=()
  # bash takes "=" for a word of its own.
  if [ "$cur" = "=" ]; then cur=""; elif [ "$prev" = "=" ]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/\${COMP_WORDS[i]}" in
      ${paths.join("|")}) path="$path/\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path $prev" in
${values.join("\n")}
  esac
  case "$path" in
${words.join("\n")}
  esac
  case "$cur" in
    -*) __gen_reply word "$flags" ;;
    *) __gen_reply "$kind" "$words" ;;
  esac
}
complete -F _gen gen
`;
}

function zsh(rows: readonly Row[]): string {
  const [, ...lines] = bash(rows).split("\n");
  return `#compdef gen
# Completion of gen in zsh. In ~/.zshrc, after compinit: source <(gen completion zsh)
autoload -U +X bashcompinit && bashcompinit
${lines.join("\n")}`;
}

function fish(rows: readonly Row[]): string {
  const paths = rows.flatMap(({ path }) => (path === "" ? [] : [quoted(path)]));
  const lines = rows.flatMap(({ path, children, flags, words = [] }) => {
    const start = `complete -c gen -n ${quoted(`__gen_at "${path}"`)}`;
    const isLast = children.length === 0 && words.length === 0;
    return [
      ...children.map(({ name, text }) => `${start} -f -a ${quoted(name)} -d ${quoted(text)}`),
      ...(words.length > 0 ? [`${start} -f -a ${quoted(words.join(" "))}`] : []),
      ...(isLast ? [`${start} -F`] : []),
      ...flags.map(({ name, text, values, takesFile }) => {
        const list = values && values.length > 0 ? ` -a ${quoted(values.join(" "))}` : "";
        const takes = values ? ` -r ${takesFile ? "-F" : "-f"}${list}` : "";
        return `${start} -l ${name.slice(2)} -d ${quoted(text)}${takes}`;
      }),
    ];
  });
  return `# Completion of gen in fish. In ~/.config/fish/config.fish: gen completion fish | source
function __gen_at
  set -l path ""
  for word in (commandline -opc)[2..-1]
    if contains -- "$path/$word" ${paths.join(" ")}
      set path "$path/$word"
    end
  end
  test "$path" = "$argv[1]"
end
${lines.join("\n")}
`;
}

const scripts: Readonly<Record<Shell, (rows: readonly Row[]) => string>> = { bash, zsh, fish };
