// Node loads the package itself: Turbopack would look for its runtimes when it builds.
export default { serverExternalPackages: ["@gen/runtime-gpu"] };
