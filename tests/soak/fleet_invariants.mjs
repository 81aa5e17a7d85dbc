// What must hold of desks that belong to nobody, of those that rest, of keys and of links. See invariants.mjs.
import { at, until } from "../e2e/lib/carrel.mjs";
import { call, pause } from "./calls.mjs";
import { checkRevoked } from "./operator.mjs";
import { bearer, shows } from "./principals.mjs";
import { deskFolders, disks, helpersOf, rows, warmDesks } from "./traces.mjs";

/** Where a server died while it was asked: the check is made again after the next start. */
export class BrokenOff extends Error {}

/** Disks that the jail keeps ready, and the one that it makes. */
const disksInStock = 4;

const wrong = (world, invariant, text) => world.report.violation(invariant, text);

// --- warm desks --------------------------------------------------------------------------------------

/** Rows and folders tell the same desks; a warm one is nobody's, and never was. `living` are those of sessions. */
export async function checkPool(world, living, isAtRest) {
  const { data, ledger } = world;
  const folders = deskFolders(data);
  const desks = rows(data, "SELECT d.id, d.session_id, d.principal, d.state, s.principal AS owner FROM desks d LEFT JOIN sessions s ON s.id = d.session_id WHERE d.is_removed = 0");
  const ids = new Set(desks.map(({ id }) => id));
  for (const desk of deskFolders(data)) if (folders.includes(desk) && !ids.has(desk)) wrong(world, "pool", `${desk} is on the host and has no row`);
  for (const { id, session_id, principal, state, owner } of desks) {
    if (!session_id && principal) wrong(world, "pool", `${id} has no session and belongs to ${principal}`);
    if (session_id && principal !== owner) wrong(world, "owners", `${id} belongs to ${principal}, and its session to ${owner}`);
    const had = ledger.owners.get(id);
    if (had && (state === "warm" || !session_id)) wrong(world, "pool", `${id}, which ${had} had, is warm again`);
    else if (had && had !== session_id) wrong(world, "pool", `${id}, which ${had} had, is the desk of ${session_id}`);
    else if (!had && session_id && ledger.sessions.has(session_id)) ledger.own(id, session_id);
  }
  if (isAtRest) await checkPoolAtRest(world, living);
}

/** The pool is full again, each desk is somebody's or warm, each place is held by a session, and no helper is left. */
async function checkPoolAtRest(world, living) {
  const { data, report } = world;
  const full = async () => {
    const { ok, body } = await call(world, world.operator.principal, "pools", "GET", "/api/v1/pools");
    return ok && body.pools.every(({ ready, making, wanted }) => ready === wanted && making === 0);
  };
  const eventually = (invariant, what, check) => until(what, check).catch((error) => report.violation(invariant, error.message));
  if (world.hasPool) await eventually("pool", "the pool is full", full);
  const known = () => [...living, ...warmDesks(data)].sort().join();
  await eventually("pool", `the desks on the host are those of sessions and the warm ones`, () => deskFolders(data).sort().join() === known());
  let held;
  await eventually("line", `places are held by the ${living.size} desks of sessions only`, async () => (held = await world.operator.held()) === living.size);
  if (held !== living.size) report.log(`(places that are held: ${held})`);
  const most = () => deskFolders(data).length + disksInStock;
  await eventually("disks", "there are no disks but those of desks, the stock, and one of each workspace", () => {
    const all = disks(data);
    const ofWorkspaces = all.filter((file) => file.startsWith(`${data}/workspaces/`));
    return all.length - ofWorkspaces.length <= most() && new Set(ofWorkspaces).size === ofWorkspaces.length;
  });
  await eventually("host", "nothing that helps the jail is left", () => helpersOf(world).length === 0);
}

// --- rest --------------------------------------------------------------------------------------------

/** Whoever was paused before the row was asked for, and after, was so in between. */
export function checkRest(world, session, before, { status, desk }) {
  if (before !== "paused" || session.rest !== "paused" || session.state !== "live" || status !== "active") return;
  if (desk.state === "paused" || world.mayHaveFailed(session)) return;
  wrong(world, "rest", `${session.id} was paused by its client and is ${desk.state}`);
}

// --- keys --------------------------------------------------------------------------------------------

async function asked(promise) {
  const answer = await promise;
  if (answer.broke || answer.status >= 500) throw new BrokenOff();
  return answer;
}

/** Those that were revoked open nothing, all others do what their role may. */
export async function checkKeys(world) {
  for (const user of world.users) {
    for (const key of user.revoked.slice(-2)) if (!(await checkRevoked(world, user, key))) throw new BrokenOff();
    const known = [...user.revoked, user.viewer];
    const { body } = await asked(call(world, world.operator.principal, "keys", "GET", `/api/v1/keys?user=${user.name}&limit=1000`));
    const listed = new Map(body.keys.map((key) => [key.id, key]));
    for (const { id } of known) {
      const isRevoked = listed.get(id)?.revoked_at;
      if (!listed.has(id) || Boolean(isRevoked) !== (id !== user.viewer.id)) wrong(world, "keys", `${id} of ${user.name} is told as ${JSON.stringify(listed.get(id))}`);
    }
    await checkViewer(world, user);
  }
}

/** Who may only look sees the user's sessions, and changes none. */
async function checkViewer(world, user) {
  const looker = bearer(user.viewer.key);
  await asked(call(world, looker, "viewer's list", "GET", "/api/v1/sessions?limit=1"));
  const session = world.ledger.those("live").find(({ principal }) => principal === user);
  if (!session) return;
  const { status } = await asked(call(world, looker, "viewer's act", "POST", at(session.id, "/desk/terminal/execute"), { json: { command: "true" }, allowed: [403, 404], session }));
  if (status < 300) wrong(world, "keys", `who may only look at what is ${user.name}'s runs commands in ${session.id}`);
}

// --- links -------------------------------------------------------------------------------------------

/** Those that have not ended open the session, those that have do not. */
export async function checkLinks(world, session) {
  for (const { cookie, key, id } of [...session.links]) {
    const isEnded = session.principal.revoked.some((one) => one.id === key);
    const isOpen = () => session.state === "live" && session.links.some((link) => link.id === id) && !session.mayBeCleaned;
    const { status, code } = await asked(call(world, shows({ cookie }), "by link", "GET", at(session.id), { session, allowed: [401, 404] }));
    if (isEnded && status !== 401) wrong(world, "links", `${session.id}: ${id}, whose maker's key was revoked, is answered ${status}`);
    if (!isEnded && !session.principal.hasLost(key) && isOpen() && status !== 200) wrong(world, "links", `${session.id}: ${id} is answered ${status} ${code}`);
  }
  for (const cookie of session.endedLinks.slice(-3)) {
    const { status } = await asked(call(world, shows({ cookie }), "by ended link", "GET", at(session.id), { session, allowed: [401, 404] }));
    if (status === 200) wrong(world, "links", `${session.id}: a link that was ended opens it`);
  }
}

// --- workspaces --------------------------------------------------------------------------------------

/** When no desk is left each client's workspace is there, with all that was written; then it is deleted. */
export async function checkWorkspaces(world, unpack) {
  for (const client of world.clients) {
    const { workspace, principal } = client;
    if (!workspace.isMade) continue;
    const target = `/api/v1/workspaces/${workspace.name}`;
    const { ok, status, bytes } = await call(world, principal, "workspace", "GET", `${target}/archive`);
    if (!ok) {
      wrong(world, "workspaces", `${workspace.name} of ${principal.name} is answered ${status}`);
      continue;
    }
    const found = unpack(bytes);
    for (const [place, files] of [["/workspace/", workspace.files], ["/home/agent/", workspace.home]])
      for (const [path, file] of files) {
        const hash = found.get(path.replace(place, place === "/workspace/" ? "workspace/" : "home/"));
        const known = [file.hash, ...(file.maybe ?? [])];
        if (!known.includes(hash)) wrong(world, "workspaces", `${path} in ${workspace.name} of ${principal.name} is ${hash ? "not what was written" : "lost"}`);
      }
    await pause(0);
    await call(world, principal, "delete workspace", "DELETE", target);
  }
}
