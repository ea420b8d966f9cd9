export default {
  build: { target: "es2022" }, // top-level await in main.js
  worker: { format: "es" },
};
