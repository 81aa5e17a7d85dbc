// Counters that belong to the host: what one desk takes, nobody else has. Each attack stops at a share of the host's
// that proves it; then a neighbour and the host's root ask for a little of the same.
import { closeSync, openSync, readFileSync } from "node:fs";
import { held, hole, unless, weak } from "./stage.mjs";

const limit = (file) => Number(readFileSync(`/proc/sys/${file}`, "utf8").trim().split(/\s+/).at(-1));

/**
 * Takes up to `most`, then asks beside it for `little`: the guest's way, a neighbour's and root's. `isOwn`: the kernel
 * counts it for each user alone, so a desk may have all of its own and nobody else less.
 */
function counter(name, attack, most, little, { isOwn = false } = {}) {
  return {
    name,
    async attack(stage) {
      const desk = await stage.desk();
      const neighbour = await stage.desk();
      const taken = await desk.guest(attack, most());
      const beside = await neighbour.guest(attack, little);
      const root = await stage.root(attack, little);
      const seen = `${taken.count} of ${most()} tried (${taken.end}); beside it a neighbour had ${beside.count} and root ${root.count} of ${little}`;
      const isAll = !isOwn && taken.count >= most() * 0.95;
      return unless(isAll || root.count < little || (taken.count > 0 && beside.count < little), seen);
    },
  };
}

export default [
  counter("inotify instances", "inotify-instances", () => limit("fs/inotify/max_user_instances"), 24, { isOwn: true }),
  counter("inotify watches", "inotify-watches", () => Math.min(limit("fs/inotify/max_user_watches"), 600_000), 100, { isOwn: true }),
  counter("asynchronous I/O (fs.aio-nr)", "aio", () => Math.floor(limit("fs/aio-max-nr") * 0.6), 1),
  counter("pseudo-terminals", "ptys", () => Math.floor((limit("kernel/pty/max") - limit("kernel/pty/reserve")) * 0.6), 8),
  counter("queued signals", "queued-signals", () => 20_000, 8),
  counter("timers", "timers", () => 20_000, 8),
  counter("message queues", "message-queues", () => 150, 1),
  {
    name: "the file table",
    async attack(stage) {
      const desk = await stage.desk();
      const used = () => Number(readFileSync("/proc/sys/fs/file-nr", "utf8").split("\t")[0]);
      const before = used();
      const most = Math.floor(limit("fs/file-max") * 0.4);
      const taken = await desk.guest("descriptors", Math.min(most, 1_000_000));
      const share = (used() - before) / limit("fs/file-max");
      const seen = `${used() - before} open files, ${(share * 100).toFixed(1)} % of fs.file-max (${taken.end || "enough"})`;
      const { count } = await stage.root("ptys", 4);
      if (count < 4) return hole(`${seen}; root could not open four terminals`);
      return share >= 0.35 ? hole(seen) : share > 0.1 ? weak(seen) : held(seen);
    },
  },
  {
    name: "locks of devices are no channel",
    async attack(stage) {
      const desk = await stage.desk();
      const neighbour = await stage.desk();
      const { locked } = await desk.guest("lock-devices");
      const besides = await neighbour.guest("lock-devices");
      const root = await stage.root("lock-devices");
      const missing = (other) => locked.filter((name) => name !== "tty" && !other.locked.includes(name));
      return unless(missing(besides).length + missing(root).length > 0, `locked ${locked}; then refused: neighbour ${missing(besides)}, root ${missing(root)}`);
    },
  },
  {
    name: "uses of the host's devices are not seen",
    async attack(stage) {
      const desk = await stage.desk();
      const watching = desk.guest("watch-devices");
      const end = Date.now() + 4000;
      while (Date.now() < end) {
        for (const name of ["null", "zero", "full"]) closeSync(openSync(`/dev/${name}`, "r"));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const { seen } = await watching;
      return unless(seen > 0, `${seen} bytes of events`);
    },
  },
  {
    name: "nested namespaces",
    async attack(stage) {
      const desk = await stage.desk();
      const neighbour = await stage.desk();
      const taken = await desk.guest("namespaces", 2000);
      const beside = await neighbour.guest("namespaces", 20);
      return unless(taken.count >= 2000 || beside.count < 20, `${taken.count}; beside it a neighbour had ${beside.count} of 20`);
    },
  },
];
