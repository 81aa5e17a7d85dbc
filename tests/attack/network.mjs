// Whom a desk reaches, and what its traffic costs the host. The host's internet is a made-up interface that answers nothing.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import { once } from "node:events";
import { processes } from "../e2e/lib/host.mjs";
import { held, unless, weak } from "./stage.mjs";

const ip = (words) => execFileSync("ip", words.split(" "), { stdio: ["ignore", "pipe", "inherit"] }).toString();

/** An uplink with a default route to a namespace that takes packets and answers none, made once. */
async function uplink() {
  if (ip("-o link").includes("uplink0")) return;
  const beyond = spawn("unshare", ["-n", "sh", "-c", "echo there; exec sleep 100000"], { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => beyond.kill());
  await once(beyond.stdout, "data");
  beyond.unref();
  beyond.stdout.destroy();
  ip(`link add uplink0 type veth peer name beyond0 netns ${beyond.pid}`);
  for (const words of ["address add 198.51.100.1/24 dev beyond0", "link set beyond0 up"]) execFileSync("nsenter", ["-t", String(beyond.pid), "-n", "ip", ...words.split(" ")]);
  for (const words of ["address add 198.51.100.2/24 dev uplink0", "link set uplink0 up", "route add default via 198.51.100.1"]) ip(words);
}

const forwarding = () => readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8").trim();

export default [
  {
    name: "the host, other desks, private and metadata addresses",
    async attack(stage) {
      await uplink();
      const listener = net.createServer((socket) => socket.destroy()).listen(8099, "0.0.0.0");
      await once(listener, "listening");
      try {
        const desk = await stage.desk({ network: "internet" });
        const neighbour = await stage.desk({ network: "internet" });
        await neighbour.run("(python3 -m http.server 8099 >/dev/null 2>&1 &); until (: < /dev/tcp/127.0.0.1/8099) 2>/dev/null; do :; done");
        const gateway = (await desk.run("ip route show default")).split(" ")[2];
        const other = (await neighbour.run("hostname -I")).trim().split(" ")[0];
        const own = Object.values(os.networkInterfaces()).flat().filter(({ family }) => family === "IPv4").map(({ address }) => address).filter((address) => !address.startsWith("127."));
        const targets = [gateway, other, "169.254.169.254", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1", ...own].map((address) => `${address}:8099`);
        const seen = Object.entries(await desk.guest("reach", ...new Set(targets)));
        const open = seen.filter(([, result]) => result === "open");
        return unless(open.length > 0, open.length ? open.join(" ") : `${seen.length} addresses, none open`);
      } finally {
        listener.close();
      }
    },
  },
  {
    name: "the host's table of connections",
    async attack(stage) {
      await uplink();
      const count = () => Number(readFileSync("/proc/sys/net/netfilter/nf_conntrack_count", "utf8"));
      const desk = await stage.desk({ network: "internet" });
      const most = Number(readFileSync("/proc/sys/net/netfilter/nf_conntrack_max", "utf8"));
      const before = count();
      const { sent } = await desk.guest("flood", 60_000);
      const taken = count() - before;
      const seen = `${sent} datagrams sent, ${taken} of ${most} entries taken`;
      return taken > 20_000 ? unless(true, seen) : taken > most / 4 ? weak(seen) : held(seen);
    },
  },
  {
    name: "the host's forwarding after the end",
    async attack(stage) {
      await uplink();
      writeFileSync("/proc/sys/net/ipv4/ip_forward", "0"); // the network is our own
      const before = forwarding();
      const desk = await stage.desk({ network: "internet" });
      const during = forwarding();
      await stage.end();
      const after = forwarding();
      return unless(after !== before, `${before} before, ${during} with desk ${desk.session.desk.id.slice(0, 9)}…, ${after} after`);
    },
  },
  {
    name: "what the resolver may do",
    async attack(stage) {
      await uplink();
      const desk = await stage.desk({ network: "internet" });
      const resolver = processes().filter(({ words, name }) => name === "carrel-dns" || (words[0]?.includes("carrel-jail") && words.includes("dns")));
      if (resolver.length === 0) return weak(`no resolver was found for ${desk.session.desk.id}`);
      const server = processes().find(({ pid }) => pid === desk.server.child.pid);
      const same = resolver.filter(({ uid }) => uid === server.uid || uid === 0);
      return unless(same.length > 0, `runs as ${resolver.map(({ uid }) => uid)}, the server as ${server.uid}`);
    },
  },
  {
    name: "two servers on one host",
    async attack(stage) {
      await uplink();
      const one = await stage.desk({ server: await stage.server(), network: "internet" });
      const two = await stage.desk({ server: await stage.server(), network: "internet" });
      const uids = [one, two].map((desk) => new Set(desk.processes().map(({ uid }) => uid)));
      const shared = [...uids[0]].filter((uid) => uids[1].has(uid));
      const answers = [await one.run("echo one"), await two.run("echo two")].join(" ");
      return unless(shared.length > 0 || answers !== "one two", `${answers}; user ids in common: ${shared.length}`);
    },
  },
];
