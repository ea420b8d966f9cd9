export default {
  // Node loads the package itself, because it imports the native onnxruntime-node at run time.
  serverExternalPackages: ["@gen/runtime-gpu"],
};
