// What is on this machine of desks and of the server: lines of everything that should not be there any more.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { identity, interfaces, leftovers, processes } from "../e2e/lib/host.mjs";

/** The packet filter as `nft` tells it, without what its rules remember of each address (of a bounded number). */
export const rules = () => execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" }).replace(/^\s*elements = \{[^}]*\}\n/gm, "").trim();

/** Memory of its own in bytes, and open descriptors, of a process. */
export const use = (pid) => ({
  bytes: Number(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").match(/^Pss_Anon:\s*(\d+)/m)[1]) * 1024,
  descriptors: readdirSync(`/proc/${pid}/fd`).length,
});

function groupsOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    return ""; // it has just ended
  }
}

/** Users and interfaces of desks, as long as they can be read. */
export class Marks {
  #ofDesk = new Map();

  note(data, desk) {
    if (this.#ofDesk.has(desk)) return;
    try {
      const { uid_base, interface: cable } = identity(data, desk);
      this.#ofDesk.set(desk, { uid_base, cable });
    } catch {
      // not written yet, or gone
    }
  }

  /** Which users' processes and interfaces there are that belong to none of the living desks. */
  leftovers(living) {
    const lives = [...living].map((desk) => this.#ofDesk.get(desk)).filter(Boolean);
    const bases = new Set([...this.#ofDesk.values()].map(({ uid_base }) => uid_base));
    for (const { uid_base } of lives) bases.delete(uid_base);
    // Another server of this machine may have been given a range that was free: its desks are not ours.
    const isOthers = (pid) => {
      const desk = groupsOf(pid).match(/desk_[0-9a-f]{12}/)?.[0];
      return desk && !this.#ofDesk.has(desk);
    };
    const isOurs = ({ pid, uid, state }) => state !== "Z" && [...bases].some((base) => uid >= base && uid < base + 65536) && !isOthers(pid);
    const lines = processes()
      .filter(isOurs)
      .map(({ pid, name, uid }) => `process ${pid} ${name} of user ${uid}`);
    const cables = new Set(lives.map(({ cable }) => cable));
    for (const name of interfaces()) if (name.startsWith("carrel") && !cables.has(name)) lines.push(`interface ${name}`);
    return lines;
  }
}

/** What is left of desks that are gone; mounts also as the jail sees them. */
export function deskTraces(world, desks) {
  const lines = leftovers(world.data, desks);
  for (const { pid } of processes().filter(({ name, words }) => name === "carrel-jail" && words.includes(world.data)))
    try {
      for (const line of readFileSync(`/proc/${pid}/mountinfo`, "utf8").split("\n"))
        if (desks.some((desk) => line.includes(desk))) lines.push(`mount of the jail ${line}`);
    } catch {
      // it has just ended
    }
  return lines;
}

/** What each row of a query is; of the server's database, which it goes on to use. */
export function rows(data, query) {
  const database = new DatabaseSync(path.join(data, "server/carrel.db"), { readOnly: true, timeout: 10_000 });
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
}

/** Ids of desks that belong to nobody yet, as the database has them. */
export const warmDesks = (data) => new Set(rows(data, "SELECT id FROM desks WHERE session_id IS NULL AND is_removed = 0").map(({ id }) => id));

export const deskFolders = (data) => readdirSync(path.join(data, "desks"));

/** Files of DATA that loop devices have, one for each: disks of desks, those in stock, and those of workspaces in use. */
export const disks = (data) =>
  readdirSync("/sys/block")
    .filter((name) => name.startsWith("loop"))
    .map((name) => {
      try {
        return readFileSync(`/sys/block/${name}/loop/backing_file`, "utf8").trim();
      } catch {
        return ""; // it has none
      }
    })
    .filter((file) => file.startsWith(`${data}/`));

function filesBelow(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => path.join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

/** What is in DATA when no session is left, beside the database, what every server has, and warm desks. */
export function dataTraces(data) {
  const lines = [];
  const warm = warmDesks(data);
  for (const folder of ["desks", "endpoints", "logs", "trash", "scratch"]) for (const name of readdirSync(path.join(data, folder))) if (!warm.has(name)) lines.push(`${folder}/${name}`);
  for (const file of filesBelow(path.join(data, "server/blobs"))) lines.push(path.relative(data, file));
  for (const name of readdirSync(path.join(data, "bin")).slice(1)) lines.push(`bin/${name}`);
  const known = /^(carrel\.db(-wal|-shm)?|blobs|reserve)$/;
  for (const name of readdirSync(path.join(data, "server"))) if (!known.test(name)) lines.push(`server/${name}`);
  return lines;
}

/** Programs of this server, with those of its network: by name. */
export const programsOf = (world) =>
  processes()
    .filter(({ state, words }) => state !== "Z" && (words.includes(world.data) || words.some((word) => word.endsWith(`-${world.network}`))))
    .map(({ pid, name }) => `${name} ${pid}`);

/** What the jail has started to do one thing, such as to read a workspace; its one maker of disks stays. */
export function helpersOf(world) {
  const all = programsOf(world).filter((line) => /^carrel-(disks|reader|trash) /.test(line));
  const maker = all.findIndex((line) => line.startsWith("carrel-disks "));
  return all.filter((_, place) => place !== maker);
}

/** What its jails have told each other about this network. */
export const networkFiles = (world) => readdirSync("/run").filter((name) => name === `carrel-network-${world.network}`);
