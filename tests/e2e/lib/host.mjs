// What the kernel says about desks: processes, namespaces, groups, mounts, interfaces. Needs root.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync } from "node:fs";
import path from "node:path";
import { dataDirectory, programs } from "./carrel.mjs";

/** Lets another data directory use the tests' images. */
export function shareImages(data) {
  mkdirSync(path.join(data, "images"), { recursive: true });
  symlinkSync(path.join(dataDirectory, "images/desktop"), path.join(data, "images/desktop"));
}

/**
 * Runs `carrel` with these words to its end: {code, output, error}. `input` is its standard input: a text, bytes, or what
 * is called with the stream to write to; else /dev/null.
 */
export function carrel(words, { env = {}, as, input, program: file = path.join(programs, "carrel") } = {}) {
  const inherited = { ...process.env };
  for (const name of ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "CARREL_TOKEN"]) delete inherited[name];
  const user = as ? ["setpriv", `--reuid=${as}`, `--regid=${as}`, "--clear-groups"] : [];
  const [program, ...rest] = [...user, file, ...words];
  const child = spawn(program, rest, { env: { ...inherited, ...env }, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
  child.stdin?.on("error", () => {}); // it may end before it has read all
  if (typeof input === "function") input(child.stdin, child);
  else child.stdin?.end(input);
  let [output, error] = [[], ""];
  child.stdout.on("data", (bytes) => output.push(bytes));
  child.stderr.on("data", (bytes) => (error += bytes));
  const limit = setTimeout(() => child.kill("SIGKILL"), 60_000);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(limit);
      const bytes = Buffer.concat(output);
      resolve({ code, bytes, output: bytes.toString(), error });
    });
  });
}

function find(look) {
  try {
    return look();
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** Every process: {pid, parent, name, words, uid, namespaces}. */
export function processes() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) =>
      find(() => {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        return {
          pid: Number(pid),
          parent: Number(status.match(/^PPid:\s*(\d+)/m)[1]),
          name: status.match(/^Name:\s*(.*)$/m)[1],
          state: status.match(/^State:\s*(\S)/m)[1],
          uid: Number(status.match(/^Uid:\s*(\d+)/m)[1]),
          words: readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1),
          namespaces: Object.fromEntries(
            ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"].map((kind) => [kind, find(() => readlinkSync(`/proc/${pid}/ns/${kind}`))]),
          ),
        };
      }),
    )
    .filter(Boolean);
}

/** What the jail wrote down about a desk. */
export function identity(data, desk) {
  return JSON.parse(readFileSync(path.join(data, "desks", desk, "identity.json"), "utf8"));
}

/** The processes of a desk, by its pid namespace; `words` picks those whose command line has them all. */
export function inside(data, desk, ...words) {
  const { pid_namespace } = identity(data, desk);
  return processes().filter(
    (process) => process.namespaces.pid === `pid:[${pid_namespace}]` && words.every((word) => process.words.join(" ").includes(word)),
  );
}

/** The ids of a desk's processes that go on as long as it does: what the panel or a shell starts now and then is none. */
export function lasting(data, desk) {
  const names = ["carrel-desk", "Xvnc", "openbox", "tint2", "bash"];
  const init = identity(data, desk).pid;
  const isLasting = ({ pid, parent, name }, all) => names.includes(name) && (pid === init || parent === init || all.some((one) => one.pid === parent && one.name === "carrel-desk"));
  const all = inside(data, desk);
  return all.filter((process) => isLasting(process, all)).map(({ pid }) => pid).sort();
}

/** The one process of a desk that is started by these words. */
export function part(data, desk, ...words) {
  // A child that it has forked has its words, too, until it is another program.
  const init = identity(data, desk).pid;
  const found = inside(data, desk, ...words).filter(({ parent, pid }) => pid === init || parent === init);
  if (found.length !== 1) throw new Error(`${found.length} processes of ${desk} are ${words}: ${JSON.stringify(found)}`);
  return found[0].pid;
}

const groupTrees = () =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(" ")[4]);

/** Control groups of desks, anywhere in the trees. */
function deskGroups() {
  const found = [];
  const walk = (folder, depth) => {
    for (const entry of find(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
      if (!entry.isDirectory()) continue;
      const below = path.join(folder, entry.name);
      if (/^desk_[0-9a-f]{12}$/.test(entry.name)) found.push(below);
      else if (depth < 6) walk(below, depth + 1);
    }
  };
  for (const tree of groupTrees()) walk(tree, 0);
  return found;
}

/** Everything of the given desks that is left on this machine, as lines; other desks are not counted. */
export function leftovers(data, desks) {
  const lines = [];
  const ours = (text) => desks.some((desk) => text.includes(desk));
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) if (ours(line)) lines.push(`mount ${line}`);
  for (const group of deskGroups()) if (ours(group)) lines.push(`group ${group}`);
  for (const folder of ["desks", "endpoints", "asleep"])
    for (const name of find(() => readdirSync(path.join(data, folder))) ?? []) if (ours(name)) lines.push(`file ${folder}/${name}`);
  for (const { pid, name } of processes()) if (ours(find(() => readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? "")) lines.push(`process ${pid} ${name}`);
  return lines;
}

/** Inodes of namespaces that any process is in, of the kinds that desks have. */
export function namespaces() {
  return new Set(processes().flatMap((process) => Object.values(process.namespaces).filter(Boolean)));
}

/** Of this network namespace: /sys/class/net shows the one that /sys was mounted in. */
export const interfaces = () =>
  readFileSync("/proc/self/net/dev", "utf8")
    .split("\n")
    .slice(2)
    .map((line) => line.split(":")[0].trim())
    .filter(Boolean)
    .sort();
export const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;
export const isAlive = (pid) => existsSync(`/proc/${pid}`) && find(() => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1][0]) !== "Z";

/** Whether any file below `folder` holds the bytes of `text`. */
export function holds(folder, text) {
  // Folders of desks that live come and go.
  return (find(() => readdirSync(folder, { withFileTypes: true })) ?? []).some((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return holds(file, text);
    return entry.isFile() && find(() => statSync(file).size < 1 << 28 && readFileSync(file).includes(text));
  });
}
