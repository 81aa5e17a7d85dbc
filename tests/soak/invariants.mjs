// What must hold whatever is killed. Each row is checked after every restart of the server while the clients go on, and at
// the end at rest; what cannot be said while they go on is said at rest only.
import { at } from "../e2e/lib/carrel.mjs";
import { call, pause } from "./calls.mjs";
import { listEvents, listSessions } from "./clients.mjs";
import { BrokenOff, checkKeys, checkLinks, checkPool, checkRest } from "./fleet_invariants.mjs";
import { digest } from "./ledger.mjs";
import { download } from "./moves.mjs";
import { deskTraces, warmDesks } from "./traces.mjs";

const wrong = (world, invariant, text) => world.report.violation(invariant, text);

/** Every stored event of a session, or nothing when it was deleted meanwhile. */
async function storedEvents(world, session) {
  const { events, status } = await listEvents(world, session, { allowed: session.state === "live" ? [] : [404] });
  if (!events && status !== 404) throw new BrokenOff();
  return events;
}

/** Numbers rise; who follows has just what is stored. */
async function checkEvents(world, session, events) {
  events.forEach(({ seq }, place) => {
    if (place > 0 && seq <= events[place - 1].seq) wrong(world, "events", `${session.id}: ${seq} is stored after ${events[place - 1].seq}`);
  });
  const { follower } = session;
  const last = events.at(-1)?.seq ?? 0;
  const isAway = () => follower.isHeld || session.mayBeCleaned;
  for (const end = Date.now() + 30_000; follower.last < last && session.state === "live" && !isAway(); await pause(25)) {
    if (!world.service.server) throw new BrokenOff();
    if (Date.now() > end) return wrong(world, "events", `${session.id}: who follows has ${follower.last} after 30 s, stored is ${last}`);
  }
  const difference = follower.difference(events);
  if (difference) wrong(world, "events", `${session.id}: ${difference}`);
}

/** Each message once, those that were accepted all; each turn and each use of a tool has one end. */
function checkTurns(world, session, events, isAtRest) {
  const of = (name, key) => events.filter(({ event }) => event === name).map(({ data }) => data[key]);
  const twice = (list) => list.find((value, place) => list.indexOf(value) !== place);
  for (const [name, key] of [["user_message", "message_id"], ["message_start", "message_id"], ["message_complete", "message_id"], ["tool_use", "tool_use_id"], ["tool_result", "tool_use_id"]]) {
    const value = twice(of(name, key));
    if (value) wrong(world, "turns", `${session.id}: ${name} of ${value} is stored twice`);
  }
  const said = of("user_message", "content");
  for (const [marker, isAccepted] of session.messages) {
    const count = said.filter((content) => content.includes(`"text":"${marker}"`)).length;
    if (count > 1 || (isAccepted === "certain" && count === 0)) wrong(world, "turns", `${session.id}: the message ${marker} is stored ${count} times`);
  }
  const open = (begun, ended) => begun.filter((value) => !ended.includes(value));
  const turns = open(of("message_start", "message_id"), of("message_complete", "message_id"));
  const tools = open(of("tool_use", "tool_use_id"), of("tool_result", "tool_use_id"));
  const most = isAtRest ? 0 : 1;
  if (turns.length > most) wrong(world, "turns", `${session.id}: the turns ${turns} have no end`);
  if (tools.length > most) wrong(world, "turns", `${session.id}: the tools ${tools} have no result`);
}

/** Whatever an event names is there, and is what it is called. */
async function checkBlobs(world, session, events, isAtRest) {
  session.goodBlobs ??= new Set();
  for (const [, hash] of JSON.stringify(events).matchAll(/\/blobs\/([0-9a-f]{64})/g)) {
    if (session.goodBlobs.has(hash) && !isAtRest) continue;
    const { status, bytes, broke } = await call(world, session.principal, "blob", "GET", at(session.id, `/blobs/${hash}`), { session, allowed: [404] });
    if (broke || !world.service.server) throw new BrokenOff();
    if (status === 404 && ["deleting", "deleted"].includes(session.state)) return;
    if (status !== 200 || digest(bytes) !== hash) wrong(world, "blobs", `${session.id}: ${hash} is ${status === 200 ? `${bytes.length} other bytes` : `answered ${status}`}`);
    session.goodBlobs.add(hash);
  }
}

/** The lists of all principals name what the clients have, and nothing else. Answers the desks that live. */
async function checkOwners(world) {
  const { ledger } = world;
  const living = new Set();
  for (const principal of world.principals) {
    const before = new Map([...ledger.sessions.values()].map((session) => [session, { state: session.state, desk: session.desk, rest: session.rest }]));
    const rows = await listSessions(world, principal, "&include_archived=true");
    if (!rows) throw new BrokenOff();
    const keys = rows.filter(({ key, status }) => key && status === "active").map(({ key }) => key);
    if (new Set(keys).size < keys.length) wrong(world, "same key", `${principal.name} has several sessions of one key: ${keys}`);
    for (const { id, title, desk, user, key } of rows) {
      const session = ledger.sessions.get(id);
      if (user !== principal.name) wrong(world, "owners", `${id} in the list of ${principal.name} is of ${user}`);
      if (session && (session.wish.key ?? null) !== key) wrong(world, "same key", `${id} was made as "${session.wish.key}" and is "${key}"`);
      if (session && session.principal !== principal) wrong(world, "owners", `${id} of ${session.principal.name} is listed for ${principal.name}`);
      if (!principal.clients.some(({ name }) => title?.startsWith(`${name} `))) wrong(world, "owners", `${principal.name} has ${id}, "${title}", which none of its clients made`);
      if (session?.state === "deleted" && before.get(session).state === "deleted") wrong(world, "owners", `${id} is listed after it was purged`);
      if (desk && living.has(desk.id)) wrong(world, "owners", `${desk.id} is the desk of two sessions`);
      if (desk && ["starting", "ready", "frozen", "paused", "stopping", "ending"].includes(desk.state)) living.add(desk.id);
    }
    for (const [session, { state, desk, rest }] of before) {
      if (session.principal !== principal || session.state !== state || session.desk !== desk || !["live", "archived"].includes(state)) continue;
      const row = rows.find(({ id }) => id === session.id);
      if (!row && session.isDoubtful) continue; // it stood in the line, or came to nothing
      if (!row) wrong(world, "owners", `${session.id} (${state}) is lost from the list of ${principal.name}`);
      else if (state === "live" && row.status !== "active" && !session.mayBeCleaned) wrong(world, "owners", `${session.id} has ended, and nobody has asked for that`);
      else checkRest(world, session, rest, row);
      if (row && state === "live" && row.desk?.id !== desk && !session.isDoubtful && !session.comingBack) wrong(world, "owners", `${session.id} has ${row.desk?.id} and had ${desk}`);
    }
    if (principal === world.operator.principal) continue; // who sees everybody's
    const stranger = await call(world, principal, "other's session", "GET", "/api/v1/sessions?all=true", { allowed: [403] });
    if (stranger.ok) wrong(world, "owners", `${principal.name}, who is no admin, is told of everybody's sessions`);
    const other = ledger.those("live").find((session) => session.principal !== principal);
    if (!other) continue;
    const { status, broke } = await call(world, principal, "other's session", "GET", at(other.id), { allowed: [404] });
    if (broke) throw new BrokenOff();
    if (status === 200) wrong(world, "owners", `${principal.name} sees ${other.id} of ${other.principal.name}`);
  }
  return living;
}

/** Each desk answers for its session: what it was told at its start is in it, with all that was stored in it since. */
async function checkDesks(world, session, isAtRest) {
  const client = { world, session, call: (kind, method, target, options) => call(world, session.principal, kind, method, target, { session, ...options }) };
  if (session.isQuiet && session.rest) return; // it is paused, or may be: whoever has paused it asks it
  for (const [path, file] of session.files) if (isAtRest || path.endsWith("/owner")) await download(client, path, file);
  const { workspace } = session;
  if (workspace) for (const [path, file] of workspace.files) await download(client, path, file, workspace.files);
  if (!world.service.server) throw new BrokenOff();
}

/** Nothing is left of desks that no session has. What was just ended may take a moment. */
export async function checkHost(world, known, living, seconds) {
  const gone = [...known].filter((desk) => !living.has(desk) && !world.clean.has(desk));
  for (const end = Date.now() + seconds * 1000; ; await pause(100)) {
    const lines = gone.length ? deskTraces(world, gone) : [];
    for (const desk of gone) if (!lines.some((line) => line.includes(desk))) world.clean.add(desk);
    if (lines.length === 0) return;
    if (!world.service.server) throw new BrokenOff();
    if (Date.now() > end) return wrong(world, "host", `after ${seconds} s there is ${lines.slice(0, 6).join("; ")}`);
  }
}

/** The server's word about its desks is believed when it has asked them all. */
async function adopted(world) {
  const mine = world.ledger.those("live").map(({ desk }) => desk);
  for (const end = Date.now() + 60_000; ; await pause(50)) {
    const rows = (await Promise.all(world.principals.map((principal) => listSessions(world, principal)))).flat();
    if (rows.includes(undefined)) throw new BrokenOff();
    const late = rows.filter(({ desk }) => desk?.state === "starting" && mine.includes(desk.id));
    if (late.length === 0) return;
    if (Date.now() > end) return wrong(world, "desks", `after 60 s ${late.map(({ desk }) => desk.id)} are still being taken over`);
  }
}

/** All rows of one check. Throws BrokenOff when the server dies meanwhile. */
export async function checkAll(world, { isAtRest, onAdopted = () => {} }) {
  await adopted(world);
  onAdopted();
  const known = new Set(world.ledger.desks);
  const warm = warmDesks(world.data);
  const living = await checkOwners(world);
  await checkPool(world, living, isAtRest);
  await checkKeys(world);
  for (const session of world.ledger.those("live", "archived")) {
    const isCertain = [...session.messages].filter(([, isAccepted]) => isAccepted).map(([marker]) => marker);
    const events = await storedEvents(world, session);
    if (!events) continue;
    for (const marker of isCertain) session.messages.set(marker, "certain");
    if (session.state === "live") await checkEvents(world, session, events);
    if (session.state === "live") await checkLinks(world, session);
    checkTurns(world, session, events, isAtRest || session.state === "archived");
    await checkBlobs(world, session, events, isAtRest);
    if (session.state === "live" && !session.mustRenew) await checkDesks(world, session, isAtRest);
  }
  await checkHost(world, known, new Set([...living, ...warm]), 60);
}
