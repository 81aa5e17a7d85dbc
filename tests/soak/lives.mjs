// Acts that change what becomes of desks, and whose they are: rest, keys of sessions, workspaces, links, the line.
import { at } from "../e2e/lib/carrel.mjs";
import { pause } from "./calls.mjs";
import { chat, deskTarget, download, lookAtScreen, upload, watch } from "./moves.mjs";
import { shows } from "./principals.mjs";

const execute = (client, command, { wake = false, ...options } = {}) =>
  client.call("execute", "POST", deskTarget(client.session, `terminal/execute${wake ? "?wake=true" : ""}`), { json: { command }, ...options });
const isGone = (session) => session.state !== "live" || session.mustRenew;

// --- rest ------------------------------------------------------------------------------------------

/** Asks until it runs again, one way or the other. */
async function goOn(client) {
  const { session } = client;
  const isByCall = client.random.chance(0.4);
  session.setRest("doubtful");
  while (!isGone(session)) {
    const { ok, status } = isByCall ? await execute(client, "true", { wake: true }) : await client.call("resume", "POST", at(session.id, "/resume"), { allowed: [409] });
    if (ok || status === 404) break;
    await pause(100);
  }
  session.setRest(undefined);
}

/** What a paused desk answers while nobody wakes it: its last picture, and a refusal to all else. */
async function askPaused(client) {
  const { session, world } = client;
  const isPaused = () => session.rest === "paused" && session.state === "live" && !session.mustRenew;
  const refused = await execute(client, "true", { allowed: [409] });
  if (refused.ok && isPaused()) world.report.violation("rest", `${session.id} is paused and runs commands`);
  const picture = await client.call("screenshot", "GET", deskTarget(session, "screen/screenshot"));
  if (picture.ok && isPaused() && picture.headers["x-carrel-paused"] !== "true") world.report.violation("rest", `${session.id} is paused and shows a new picture`);
}

async function rest(client) {
  const { session, world, random } = client;
  const length = random.chance(0.3) ? random.between(1000, 6000) : random.between(0, 1500);
  client.setQuiet(true, session);
  session.setRest("doubtful");
  // 409: its agent is at work, or the desk is no more.
  const { ok, body } = await client.call("pause", "POST", at(session.id, "/pause"), { allowed: [409] });
  if (ok && body.desk.state !== "paused") world.report.violation("rest", `${session.id} was paused and is ${body.desk.state}`);
  if (ok) {
    session.setRest("paused");
    await askPaused(client);
    await pause(length);
  }
  await goOn(client);
  client.setQuiet(false, session);
}

const wakings = [
  { name: "execute", run: (client) => execute(client, "echo awake") },
  { name: "chat", run: chat },
  { name: "watch", run: watch },
  { name: "come back", run: (client) => comeBack(client) },
  { name: "download", run: (client) => (client.session.files.size ? download(client, ...[...client.session.files][0]) : execute(client, "echo awake")) },
];

/** Nobody uses the desk until it is frozen, or for a while; then any call wakes it. */
async function sleep(client) {
  const { session, world, random } = client;
  const [until, more] = [Date.now() + random.between(3000, 9000), random.chance(0.3) ? random.between(0, 5000) : 0];
  const waking = random.pick(wakings);
  if (session.wish.idle_seconds !== 1) return;
  client.setQuiet(true, session);
  client.viewer?.close();
  let last;
  while (Date.now() < until && !client.isStopped && !isGone(session) && last?.desk.state !== "frozen") {
    await pause(150);
    const { ok, body } = await client.call("look", "GET", at(session.id, "?messages=false"));
    last = ok ? body : undefined;
  }
  if (last) world.report.count("rests", last.desk.state === "frozen" ? `frozen, then ${waking.name}` : `not frozen: ${last.awake.join(", ").replace(/\d+/g, "#") || "too short"}`);
  await pause(client.isStopped ? 0 : more);
  await waking.run(client);
  client.setQuiet(false, session);
}

// --- sessions by key -------------------------------------------------------------------------------

/** Asks for the session by its key, several times at once: it is always this one. */
async function comeBack(client) {
  const { session, world, random } = client;
  const count = random.between(1, 3);
  if (!session.wish.key) return;
  session.comingBack += 1;
  const answers = await Promise.all(Array.from({ length: count }, () => client.call("come back", "POST", "/api/v1/sessions", { json: session.wish })));
  session.comingBack -= 1;
  for (const { ok, status, body } of answers) {
    if (!ok) continue;
    if (body.id !== session.id && session.mayBeCleaned) client.replace(body); // that one was ended meanwhile
    else if (body.id !== session.id || status !== 200) world.report.violation("same key", `"${session.wish.key}" was ${session.id} and is answered ${status} ${body.id}`);
    else if (body.desk.id !== session.desk) {
      if (!world.mayHaveFailed(session)) world.report.violation("same key", `${session.id} came back with ${body.desk.id}, though ${session.desk} was well`);
      session.renewed(body.desk.id);
      world.ledger.own(body.desk.id, session.id);
    }
  }
}

// --- workspaces ------------------------------------------------------------------------------------

const note = (client) => `/workspace/note-${client.random.between(1, 5)}`;

async function write(client) {
  const [path, bytes] = [note(client), client.random.bytes(client.random.between(0, 100_000))];
  if (client.session.workspace) await upload(client, path, bytes, client.session.workspace.files);
}

async function read(client) {
  const { workspace } = client.session;
  const draw = client.random.next();
  const known = workspace ? [...workspace.files] : [];
  if (known.length) await download(client, ...known[Math.floor(draw * known.length)], workspace.files);
}

/** Who made a workspace finds it in the list, and gets what is in it, or goes away in between. */
async function lookAtWorkspaces(client) {
  const { world, random } = client;
  const leaveAfter = random.chance(0.4) ? random.between(0, 30) : undefined;
  const wasMade = client.workspace.isMade;
  const { ok, body } = await client.call("workspaces", "GET", "/api/v1/workspaces");
  const isThere = ok && body.workspaces.some(({ name }) => name === client.workspace.name);
  if (ok && wasMade && !isThere) world.report.violation("workspaces", `${client.workspace.name} of ${client.principal.name} is in no list`);
  if (isThere) await client.call("workspace", "GET", `/api/v1/workspaces/${client.workspace.name}/archive`, { leaveAfter });
}

// --- links -----------------------------------------------------------------------------------------

/** Takes a link away: who looks by it is cut, and it opens nothing any more. */
async function endLink(client, { id, cookie, key }) {
  const { session, world, viewer } = client;
  for (let attempt = 1; ; ++attempt) {
    const { status } = await client.call("end link", "DELETE", at(session.id, `/links/${id}`), { allowed: attempt > 1 ? [404] : [], excuse: ({ status }) => status === 404 && session.principal.hasLost(key) });
    if (status === 204 || status === 404) break;
    if (isGone(session)) return;
    await pause(100);
  }
  session.endedLinks.push(cookie);
  for (const end = Date.now() + 20_000; viewer?.status === 101 && viewer.closed === undefined; await pause(50))
    if (Date.now() > end) return world.report.violation("links", `${session.id}: who looks by ${id}, which was ended, is not cut`);
}

/** Somebody without a key looks at the desktop. */
async function share(client) {
  const { session, random } = client;
  const [mode, isEnded] = [random.pick(["view", "control"]), random.chance(0.6)];
  const key = session.principal.current.id;
  const { ok, body } = await client.call("share", "POST", at(session.id, "/links"), { json: { mode, expires_seconds: 3600 } });
  if (!ok) return;
  // 410: it has ended with the key that made it.
  const mayBeGone = () => session.principal.hasLost(key);
  const entered = await client.call("enter by link", "GET", body.url, { by: shows({}), allowed: [303, ...(mayBeGone() ? [410] : [])], excuse: mayBeGone });
  if (entered.status !== 303) return;
  const link = { id: body.id, key, cookie: entered.headers["set-cookie"][0].split(";")[0] };
  session.links.push(link);
  await lookAtScreen(client, { cookie: link.cookie }, key);
  if (!isEnded) return;
  session.links.splice(session.links.indexOf(link), 1);
  await endLink(client, link);
}

// --- the line --------------------------------------------------------------------------------------

/** Takes all desks that are left, stands in the line, and is served when one is given back. */
async function crowd(client) {
  const { world } = client;
  if (!world.beginCrowd()) return;
  const extra = [];
  let isFull = false;
  while (!isFull && !client.isStopped && extra.length < world.mostDesks) {
    const { session, code, broke, status } = await client.makeAnother({ wait_seconds: 0 }, [503]);
    if (session) extra.push(session);
    isFull = code === "no_free_desk";
    if (broke || (status && !isFull && !session)) break;
  }
  if (isFull) {
    const waiting = client.makeAnother({ wait_seconds: 60 });
    await client.call("queue", "GET", "/api/v1/queue", { session: null });
    await client.endOf(extra.pop(), true);
    await Promise.race([waiting, pause(2000)]);
    world.report.count("rests", "the house was full");
    while (extra.length) await client.endOf(extra.pop(), true);
    extra.push((await waiting).session);
  }
  for (const session of extra) await client.endOf(session, true);
  world.endCrowd();
}

export const lives = [
  { name: "pause", weight: 4, run: rest },
  { name: "sleep", weight: 4, run: sleep },
  { name: "come back", weight: 5, run: comeBack },
  { name: "write note", weight: 6, run: write },
  { name: "read note", weight: 5, run: read },
  { name: "look at workspaces", weight: 3, run: lookAtWorkspaces },
  { name: "share", weight: 4, run: share },
  { name: "crowd", weight: 1, run: crowd },
];
