// What a desk asks of the kernel itself.
import { unless, weak } from "./stage.mjs";

const never = ["EPERM", "ENOSYS", "EACCES", "EAFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT"];
/** What the filter says of an option; the kernel would say EINVAL or EPERM of ours. */
const noOption = "ENOPROTOOPT";
const list = (entries) => entries.map(([name, result]) => `${name}: ${result}`).join(", ");

export default [
  {
    name: "calls that a desk has no use for",
    async attack(stage) {
      const desk = await stage.desk();
      const answers = Object.entries(await desk.guest("calls"));
      const reached = answers.filter(([, result]) => !never.includes(result));
      return unless(reached.length > 0, reached.length ? list(reached) : `${answers.length} refused`);
    },
  },
  {
    name: "root of a nested namespace: mounts, links, traffic control, tables",
    async attack(stage) {
      const desk = await stage.desk();
      const answers = Object.entries(await desk.guest("nested"));
      const harmless = (name, result) => never.includes(result) || result === "refused" || result === noOption || name === "ip link set lo up" || (name === "network" && result === "refused");
      const reached = answers.filter(([name, result]) => !harmless(name, result));
      return unless(reached.length > 0, reached.length ? list(reached) : `${answers.length} refused`);
    },
  },
  {
    name: "files of /proc and /sys that tell of the host",
    async attack(stage) {
      const desk = await stage.desk();
      const hidden = ["/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/sched_debug", "/proc/interrupts", "/proc/kallsyms", "/proc/modules", "/proc/diskstats", "/proc/acpi", "/proc/scsi", "/proc/asound", "/proc/kmsg", "/proc/slabinfo", "/proc/vmallocinfo", "/sys/firmware", "/sys/class/dmi/id", "/sys/kernel/notes", "/sys/kernel/security", "/sys/kernel/debug", "/sys/devices/virtual/powercap"];
      const seen = Object.entries(await desk.guest("show", ...hidden)).filter(([, size]) => typeof size === "number" && size > 0);
      const open = seen.map(([file]) => file);
      if (open.includes("/proc/kcore") || open.includes("/proc/kmsg")) return unless(true, open.join(" "));
      return open.length ? weak(`readable: ${open.join(" ")}`) : unless(false, `${hidden.length} hidden`);
    },
  },
  {
    name: "settings of /proc/sys",
    async attack(stage) {
      const desk = await stage.desk();
      const wrote = await desk.run("for f in $(find /proc/sys -type f -writable 2>/dev/null); do (echo 1 >$f) 2>/dev/null && echo $f; done | head -5");
      return unless(wrote !== "", wrote || "none can be written");
    },
  },
  {
    name: "programs with set-user-id, and root of the image's files",
    async attack(stage) {
      const desk = await stage.desk();
      const got = await desk.run("for p in su mount passwd chsh; do command -v $p >/dev/null && timeout 5 $p -c id </dev/null 2>/dev/null; done | grep -c uid=0; cat /proc/self/status | grep -c 'NoNewPrivs:.1'");
      return unless(got !== "0\n1", got.replace("\n", " root, no_new_privs "));
    },
  },
];
