// @ts-check
// Makes plain labels of the headings that every member repeats ("Parameters", "Returns"): they would
// crowd the outline and the search, and share their anchors with members of the same name.
import { MarkdownPageEvent } from "typedoc-plugin-markdown";

const labels =
  /^#{4,6} (Type Parameters?|Parameters|Returns|Throws|Properties|Methods|Constructors|Accessors|Type Declaration|Call Signature|Extends|Extended by|Implements|Implementation of|Overrides|Inherited from|Default Value|See|Remarks|Union Members|Index Signature|Indexable|Get Signature|Set Signature)$/gm;

// A table of type parameters that says no more than the signature above it.
const bareTypeParameters = /^#{4,6} Type Parameters?\n\n\| Type Parameter \|\n(\|.*\n)+/gm;

/** @param {import("typedoc-plugin-markdown").MarkdownApplication} app */
export function load(app) {
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = page.contents
      // A page may be named as one of its members, whose anchor comes first.
      ?.replace(/^# .*$/m, "$& {#page}")
      .replace(bareTypeParameters, "")
      .replace(labels, '<p class="label">$1</p>')
      // Headings and spacing part the members well enough.
      .replace(/^\*\*\*$/gm, "");
  });
}
