import { keepSite } from "../../../../tooling/offline/keep-site.ts";

/*
 * Keeps the demo for later visits without a network. The pages are kept during the first visit,
 * runtimes and models after their first use.
 */

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * A response with the headers that let a page share memory. Not every host can send them. With
 * them, runtimes use several threads from the second visit on.
 */
const isolated = {
  async handlerWillRespond({ response }: { response: Response }): Promise<Response> {
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(isolation)) {
      if (!headers.has(name)) headers.set(name, value);
    }
    const { status, statusText } = response;
    return new Response(response.body, { status, statusText, headers });
  },
};

keepSite({ cacheName: "assets", plugins: [isolated] });
