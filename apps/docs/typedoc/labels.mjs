// @ts-check
// Turns headings that each member repeats ("Parameters", "Returns") into plain labels. As headings
// they would fill the outline and the search, and their anchors could equal those of members.
import { MarkdownPageEvent } from "typedoc-plugin-markdown";

const labels =
  /^#{4,6} (Type Parameters?|Parameters|Returns|Throws|Properties|Methods|Constructors|Accessors|Type Declaration|Call Signature|Extends|Extended by|Implements|Implementation of|Overrides|Inherited from|Default Value|See|Remarks|Union Members|Index Signature|Indexable|Get Signature|Set Signature)$/gm;

// A table of type parameters that only repeats the signature above it.
const bareTypeParameters = /^#{4,6} Type Parameters?\n\n\| Type Parameter \|\n(\|.*\n)+/gm;

/** @param {import("typedoc-plugin-markdown").MarkdownApplication} app */
export function load(app) {
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = page.contents
      // A page and one of its members may have the same name. The member keeps the anchor.
      ?.replace(/^# .*$/m, "$& {#page}")
      .replace(bareTypeParameters, "")
      .replace(labels, '<p class="label">$1</p>')
      // Headings and spacing separate the members, so lines are not needed.
      .replace(/^\*\*\*$/gm, "");
  });
}
