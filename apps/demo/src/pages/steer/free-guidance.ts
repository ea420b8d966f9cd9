/* Guidance without a classifier. It loads when a reader first chooses it. */
export { classifierFree, compose } from "@gen/sampling";
