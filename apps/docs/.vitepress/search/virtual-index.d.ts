/** The index of all pages, as JSON. `search-plugin.mts` makes it. */
declare module "virtual:search-index" {
  const json: string;
  export default json;
}
