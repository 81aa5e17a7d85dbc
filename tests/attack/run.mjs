// ./dev attack: what a hostile guest, client or page tries, against a real server with real desks; prints a table.
//   held   the attack got nothing that a neighbour or the host would miss
//   weak   it got something bounded; the table says what
//   open   a hole that is known and that SECURITY.md tells of
//   hole   the host, a neighbour, another client or a secret was reached
// Everything happens in a network namespace of its own, and each attack in fresh desks. Needs root.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Stage } from "./stage.mjs";

const topics = ["counters", "memory", "time", "kernel", "takeover", "network", "doors"];

/** Runs this file again behind a loopback of its own, so that no network of this machine is met. */
function inOwnNetwork() {
  const words = ["-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const { status, signal } = spawnSync("unshare", words, { stdio: "inherit", env: { ...process.env, CARREL_ATTACK_NETWORK: "own" } });
  return status ?? (signal ? 1 : 0);
}

async function attempt(row) {
  const stage = new Stage();
  try {
    return await row.attack(stage);
  } catch (error) {
    return { verdict: "error", seen: String(error?.stack ?? error).split("\n").slice(0, 3).join(" ") };
  } finally {
    await stage.end();
  }
}

const pad = (text, width) => text + " ".repeat(Math.max(0, width - text.length));

async function main(wanted) {
  const rows = [];
  for (const topic of topics) for (const row of (await import(`./${topic}.mjs`)).default) rows.push({ topic, ...row });
  const chosen = rows.filter(({ topic, name }) => wanted.length === 0 || wanted.some((word) => (topics.includes(word) ? topic === word : name.includes(word))));
  if (chosen.length === 0) {
    console.error(`no such attack: ${wanted.join(", ")}; topics are ${topics.join(", ")}`);
    return 2;
  }
  const counts = {};
  const wrong = [];
  for (const row of chosen) {
    const { verdict, seen } = await attempt(row);
    counts[verdict] = (counts[verdict] ?? 0) + 1;
    const line = `${pad(verdict, 8)}${pad(row.topic, 10)}${pad(row.name, 58)}${seen}`;
    console.log(line);
    if (["hole", "error"].includes(verdict)) wrong.push(line);
  }
  for (const line of wrong) console.log(`again: ${line}`); // who reads the end alone sees them
  console.log(["held", "weak", "open", "hole", "error"].map((verdict) => `${counts[verdict] ?? 0} ${verdict}`).join(", "));
  return counts.hole || counts.error ? 1 : 0;
}

if (process.getuid() !== 0) {
  console.error("attack: this looks at desks from the host's side and needs root");
  process.exitCode = 2;
} else process.exitCode = process.env.CARREL_ATTACK_NETWORK === "own" ? await main(process.argv.slice(2)) : inOwnNetwork();
