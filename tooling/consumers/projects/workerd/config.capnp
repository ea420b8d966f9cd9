using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "main", worker = .worker) ],
  sockets = [ (name = "http", service = "main") ],
);

const worker :Workerd.Worker = (
  modules = [ (name = "main.js", esModule = embed "dist/main.js") ],
  compatibilityDate = "2026-11-01",
);
