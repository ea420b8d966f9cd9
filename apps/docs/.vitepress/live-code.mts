import { readFileSync } from "node:fs";
import type { MarkdownOptions, UserConfig } from "vitepress";
import { pageModules } from "../live/page-modules.ts";
import { whyStatic } from "../live/runnable.ts";

type Markdown = Parameters<NonNullable<MarkdownOptions["config"]>>[0];
type VitePlugin = Extract<
  NonNullable<NonNullable<UserConfig["vite"]>["plugins"]>[number],
  { name: string }
>;

/**
 * Examples that run in the page. `fences` puts each `ts` fence that is a complete program into
 * `<LiveCode>`. Another `ts` fence has the reason in `data-static`. `files` is the plugin that adds
 * the folder `live/` to the site: the frame, and the packages as modules.
 */
export async function liveCode() {
  const { index, frame, assets, reasons } = await pageModules();
  const site = new Map<string, string | Uint8Array>([
    ["frame.html", frame],
    ["modules.json", JSON.stringify(index)],
    ...[...assets].map(([name, path]): [string, Uint8Array] => [name, readFileSync(path)]),
  ]);

  // A page is rendered for its text and for the search.
  const known = new Map<string, string | undefined>();
  function reasonOf(code: string): string | undefined {
    if (!known.has(code)) known.set(code, whyStatic(code, reasons));
    return known.get(code);
  }

  function fences(md: Markdown): void {
    const render = md.renderer.rules.fence;
    if (!render) throw new Error("markdown has no rule for fences");
    md.renderer.rules.fence = (tokens, at, ...rest) => {
      const html = render(tokens, at, ...rest);
      const { info, content } = tokens[at];
      if (!/^(ts|typescript)\b/.test(info.trim())) return html;
      // The tabs of a group are the fences themselves.
      const groups = tokens.slice(0, at).map(({ type }) => type);
      const reason =
        groups.lastIndexOf("container_code-group_open") >
        groups.lastIndexOf("container_code-group_close")
          ? "is a tab of a group"
          : reasonOf(content);
      if (reason === undefined) return `<LiveCode>\n${html}</LiveCode>\n`;
      return html.replace(/<div /, `<div data-static="${md.utils.escapeHtml(reason)}" `);
    };
  }

  const plugin: VitePlugin = {
    name: "live-code",
    configureServer({ config, middlewares }) {
      middlewares.use(`${config.base}live/`, (request, response, next) => {
        const name = (request.url ?? "").slice(1).replace(/[?#].*$/, "");
        const found = site.get(name);
        if (found === undefined) return next();
        const type = /\.html$/.test(name) ? "text/html" : "application/octet-stream";
        response.setHeader("content-type", `${type}; charset=utf-8`);
        response.end(found);
      });
    },
    generateBundle() {
      if (this.environment.name !== "client") return;
      for (const [name, source] of site) {
        this.emitFile({ type: "asset", fileName: `live/${name}`, source });
      }
    },
  };
  return { fences, files: plugin };
}
