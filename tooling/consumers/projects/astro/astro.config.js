export default {
  vite: {
    build: { target: "es2022" }, // top-level await in the page's script
    worker: { format: "es" },
  },
};
