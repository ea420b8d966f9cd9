import { keepSite } from "../../../tooling/offline/keep-site.ts";

/*
 * Keeps the book and the guide for later visits without a network. Pages of the reference are kept
 * after they were read.
 */

keepSite({
  cacheName: "book-assets",
  pages: {
    cacheName: "book-pages",
    missingPage: (scope) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>gen</title>
<p>There is no network, and this page was not read before. <a href="${scope}">gen</a></p>
<p lang="zh-CN">没有网络，而此页尚未读过。<a href="${scope}zh/">gen</a></p>`,
  },
});
