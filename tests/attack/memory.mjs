// Memory of the kernel that a desk makes grow and that its own limit does not count.
import { readFileSync } from "node:fs";
import { held, hole, open, weak } from "./stage.mjs";

/** Bytes that the kernel holds for itself and cannot give back: neither programs' memory nor files'. */
function kernelBytes() {
  const text = readFileSync("/proc/meminfo", "utf8");
  const of = (name) => Number(text.match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))[1]) * 1024;
  return of("MemTotal") - of("MemFree") - of("Active") - of("Inactive") - of("Unevictable") - of("SReclaimable");
}

const mb = (bytes) => `${Math.round(bytes / 1048576)} MB`;

/** `beyond`: what it is called when the most of it stays. */
function inKernel(name, unit, words, beyond = hole) {
  return {
    name,
    async attack(stage) {
      const desk = await stage.desk();
      await desk.run("true");
      const [kernel, own] = [kernelBytes(), desk.charged()];
      const { count } = await desk.guest(...words);
      const [grown, charged] = [kernelBytes() - kernel, desk.charged() - own];
      const outside = Math.max(0, grown - Math.max(0, charged));
      const seen = `${count} ${unit}: the kernel's memory grew by ${mb(grown)}, the desk was charged ${mb(charged)}`;
      const { status } = await desk.request("GET", "system/health");
      if (status !== 200) return weak(`${seen}; the desk answers ${status}`);
      return outside < 96 << 20 ? held(seen) : outside < 400 << 20 ? weak(seen) : beyond(seen);
    },
  };
}

export default [
  inKernel("queues of netlink sockets", "sockets", ["netlink-queues", 30_000]),
  inKernel("queues of TCP connections", "MB sent", ["full-pairs", "tcp", 800]),
  inKernel("queues of UDP sockets", "MB sent", ["full-pairs", "udp", 800]),
  inKernel("queues of Unix sockets", "MB sent", ["full-pairs", "unix", 800]),
  // The kernel has no bound for them, and charges them to nobody (docs/decisions/0013).
  inKernel("locks of files", "locks", ["locks", 3_000_000], open),
];
