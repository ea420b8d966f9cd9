export { folderStore, type Store } from "./store.ts";
