// Hosts for the processes of a bench: network namespaces of Linux, each with its own address on a
// bridge, where this user may make them; else this machine's loopback.
import { spawnSync } from "node:child_process";

const bridge = "genbench";
const addressOf = (number) => `10.231.77.${number + 1}`;
const nameOf = (number) => `${bridge}${number}`;

const ip = (...args) => spawnSync("ip", args).status === 0;
const ipIn = (name, ...args) => ip("-n", name, ...args);

/**
 * `count` hosts, and an address of this machine that they reach. `run(i, program, args)` is the command
 * of a program on host i.
 */
export function openHosts(count) {
  const close = () => {
    for (let i = 1; i <= count; i++) ip("netns", "delete", nameOf(i));
    ip("link", "delete", bridge);
  };
  const isMade =
    ip("link", "add", bridge, "type", "bridge") &&
    ip("address", "add", `${addressOf(0)}/24`, "dev", bridge) &&
    ip("link", "set", bridge, "up") &&
    Array.from({ length: count }, (_, i) => join(i + 1)).every(Boolean);
  if (isMade) {
    const run = (i, program, args) => ["ip", ["netns", "exec", nameOf(i + 1), program, ...args]];
    return { kind: "network namespaces", address: addressOf(0), run, close };
  }
  close();
  return {
    kind: "processes on the loopback",
    address: "127.0.0.1",
    run: (_, program, args) => [program, args],
    close: () => undefined,
  };
}

/** A namespace on the bridge. */
function join(number) {
  const [name, here] = [nameOf(number), `${bridge}v${number}`];
  return (
    ip("netns", "add", name) &&
    ip("link", "add", here, "type", "veth", "peer", "name", "eth0", "netns", name) &&
    ip("link", "set", here, "master", bridge) &&
    ip("link", "set", here, "up") &&
    ipIn(name, "address", "add", `${addressOf(number)}/24`, "dev", "eth0") &&
    ipIn(name, "link", "set", "eth0", "up") &&
    ipIn(name, "link", "set", "lo", "up")
  );
}
