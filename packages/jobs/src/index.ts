export { folderStore, type Store } from "./store.ts";
export { openS3Store, type S3Sender, type S3StoreOptions, s3Store } from "./store-s3.ts";
