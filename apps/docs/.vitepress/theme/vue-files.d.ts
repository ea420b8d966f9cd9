declare module "*.vue" {
  import type { DefineComponent } from "vue";

  const component: DefineComponent;
  export default component;
}

/** What Vite gives to the page's code. */
interface ImportMeta {
  readonly env: Readonly<Record<string, string | undefined>>;
}
