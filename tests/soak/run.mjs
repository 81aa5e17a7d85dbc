// ./dev soak [SECONDS] [--seed N]: clients work on a real server with real desks while the server, its jail and what
// runs in the desks are killed at random moments. After every restart, and at the end, all invariants are checked.
// Everything happens in a network namespace and a data directory of its own. Needs root.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { programs } from "../e2e/lib/carrel.mjs";
import { shareImages } from "../e2e/lib/host.mjs";
import { Run } from "./world.mjs";

/** Runs this file again behind a loopback of its own, so that no network of this machine is met. */
function inOwnNetwork() {
  const words = ["-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", process.execPath, "--disable-warning=ExperimentalWarning", fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const { status, signal } = spawnSync("unshare", words, { stdio: "inherit", env: { ...process.env, CARREL_SOAK_NETWORK: "own" } });
  return status ?? (signal ? 1 : 0);
}

/** Of who gives all others theirs. */
const operatorKey = "soak-key-of-the-operator-0123456789abcdef012345";
const users = ["ada", "grace"];

/** {seconds, seed, clients}, or nothing when the words make no sense. */
function wish() {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: "string" }, clients: { type: "string", default: "5" } } });
    const [seconds, seed, clients] = [Number(positionals[0] ?? 60), Number(values.seed ?? Date.now() % 1_000_000), Number(values.clients)];
    const areWhole = [seconds, seed, clients].every((number) => Number.isInteger(number) && number >= 0);
    if (areWhole && positionals.length < 2 && seconds >= 10 && clients >= 1 && clients <= 16) return { seconds, seed, clients };
  } catch {
    // an unknown word
  }
  return undefined;
}

async function main() {
  const wanted = wish();
  if (!wanted) {
    console.error("usage: soak [SECONDS] [--seed N] [--clients N], at least 10 SECONDS, 1 to 16 clients");
    return 2;
  }
  const { seconds, seed, clients } = wanted;
  const folder = mkdtempSync(path.join(os.tmpdir(), "carrel-soak-"));
  chmodSync(folder, 0o755); // the server, which is no root, must get through
  try {
    const data = path.join(folder, "data");
    shareImages(data);
    // Of its own: who builds meanwhile upgrades no server here.
    const bin = path.join(folder, "bin");
    mkdirSync(bin);
    for (const name of ["carrel", "carrel-jail", "carrel-desk"]) copyFileSync(path.join(programs, name), path.join(bin, name));
    const keyFile = path.join(folder, "keys");
    writeFileSync(keyFile, `${operatorKey}\n`, { mode: 0o600 });
    const network = readlinkSync("/proc/self/ns/net").match(/\d+/)[0];
    console.log(`soak: ${seconds} s with seed ${seed}, ${clients} clients, in ${data}`);
    const run = new Run({ program: path.join(bin, "carrel"), data, keyFile, operatorKey, users, network, seed, clients });
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => run.interrupt());
    return (await run.all(seconds)) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
  }
}

if (process.getuid() !== 0) {
  console.error("soak: this kills what root has started, and needs root");
  process.exitCode = 2;
} else process.exitCode = process.env.CARREL_SOAK_NETWORK === "own" ? await main() : inOwnNetwork();
