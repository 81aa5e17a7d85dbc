// What clients do, one row an act: its name, how often it is done beside the others, and the act. A new feature of the
// server that soak shall cover is a row more. Every choice comes from the client's generator.
import { at } from "../e2e/lib/carrel.mjs";
import { bash, script } from "../e2e/lib/script.mjs";
import { Viewer } from "../e2e/lib/wire.mjs";
import { digest } from "./ledger.mjs";

const none = { observe: "none" };
const screen = { width: 1024, height: 768 };
const deskTarget = (session, operation) => at(session.id, `/desk/${operation}`);
const fileTarget = (session, operation, path) => deskTarget(session, `file/${operation}?path=${encodeURIComponent(path)}`);
const post = (client, kind, operation, json) => client.call(kind, "POST", deskTarget(client.session, operation), { json });

/** Stores bytes, and keeps in mind what the file may hold from now on. */
export async function upload(client, path, bytes) {
  const { session } = client;
  const file = session.files.get(path) ?? {};
  session.files.set(path, file);
  const desk = session.desk;
  (file.maybe ??= new Set()).add(digest(bytes));
  const { ok } = await client.call("upload", "PUT", fileTarget(session, "upload", path), { body: bytes });
  if (!ok || session.desk !== desk) return;
  file.hash = digest(bytes);
  file.maybe.clear();
}

/** Fetches a file again: it is one of those that it may be, whole. */
export async function download(client, path, file) {
  const { session } = client;
  const { status, bytes } = await client.call("download", "GET", fileTarget(session, "download", path), { allowed: file.hash ? [] : [404] });
  const known = [file.hash, ...(file.maybe ?? [])];
  if (status === 200 && session.files.get(path) === file && !known.includes(digest(bytes)))
    client.world.report.violation("files", `${session.id}: ${path} of ${session.desk} has ${bytes.length} bytes that nobody has stored there`);
}

async function chat(client) {
  const { session, random } = client;
  const marker = `${client.name}.${++client.messages}`;
  const steps = [
    { text: marker, ...bash(`echo ${marker}; sleep 0.${random.between(0, 9)}`) },
    { tool_uses: [{ name: "screenshot", input: {} }] },
    { thinking: "on", text: "again", ...bash("date; ls ~") },
    { tool_uses: [{ name: "left_click", input: { coordinate: [random.between(1, 1000), random.between(40, 700)] } }] },
    { text: "end" },
  ];
  session.messages.set(marker, false);
  const { ok } = await client.call("chat", "POST", at(session.id, "/messages"), { json: { content: script(...steps.slice(0, random.between(1, 5))) } });
  if (ok) session.messages.set(marker, true);
}

/** Somebody looks at the screen, until the next look. */
async function watch(client) {
  client.viewer?.close();
  client.viewer = undefined;
  const { session, world } = client;
  const server = await world.service.up();
  const start = Date.now();
  world.report.count("calls", "watch");
  const opened = Viewer.open(server, at(session.id, "/vnc"), { authorization: `Bearer ${session.principal.key}` });
  const seen = await opened
    .then(async (viewer) => {
      client.viewer = viewer;
      if (viewer.status !== 101) return viewer.status;
      const { width, height } = await viewer.handshake();
      return width === screen.width && height === screen.height ? "" : `${width}×${height}`;
    })
    .catch((error) => String(error.message ?? error));
  if (seen === "") return;
  const { ok } = await client.call("look", "GET", at(session.id)); // also waits for a server that is dying
  if (world.service.wasDown(start - 30_000) || world.ledger.wasTouched(session, start - 30_000)) world.report.count("failures for a reason", `watch: ${seen}`);
  else if (ok && session.state === "live") world.report.violation("answers", `${session.id}: who watches has ${seen}`);
}

async function browse(client) {
  const text = `page ${client.random.between(0, 1e6)}`;
  const { ok } = await post(client, "browse", "browser/cdp/navigate", { url: `data:text/html,<title>${text}</title><button>${text}</button>` });
  if (ok) await post(client, "read page", "browser/page/read", {});
}

/** Who calls goes away before the answer. */
async function leave(client) {
  const { random, session } = client;
  const leaveAfter = random.between(0, 60);
  const [method, operation, json] = random.pick([
    ["GET", "screen/screenshot"],
    ["POST", "terminal/execute", { command: "seq 20000; sleep 0.1" }],
    ["POST", "keyboard/type", { text: "half", ...none }],
    ["GET", "file/download?path=/usr/share/icons&archive=tar"],
  ]);
  await client.call("leave", method, deskTarget(session, operation), { json, leaveAfter });
}

export const acts = [
  { name: "click", isForVisitors: true, weight: 8, run: (client) => post(client, "click", "mouse/click", { button: "left_click", coordinate: { x: client.random.between(0, 1023), y: client.random.between(0, 767) } }) },
  { name: "type", isForVisitors: true, weight: 6, run: (client) => post(client, "type", "keyboard/type", { text: `seen ${client.random.between(0, 999)} é`, ...none }) },
  { name: "screenshot", isForVisitors: true, weight: 6, run: (client) => client.call("screenshot", "GET", deskTarget(client.session, "screen/screenshot?format=jpeg&scale=0.5")) },
  { name: "execute", isForVisitors: true, weight: 6, run: (client) => post(client, "execute", "terminal/execute", { command: `echo $((${client.random.between(0, 999)} * 3)); sleep 0.${client.random.between(0, 5)}` }) },
  { name: "windows", isForVisitors: true, weight: 3, run: (client) => client.call("windows", "GET", deskTarget(client.session, "window/list")) },
  { name: "start process", isForVisitors: true, weight: 2, run: (client) => post(client, "start process", "terminal/process/start", { command: "sleep 5; seq 1000" }) },
  { name: "batch", isForVisitors: true, weight: 2, run: (client) => post(client, "batch", "batch", { actions: [{ operation: "screen/info" }, { operation: "system/health" }] }) },
  { name: "leave", isForVisitors: true, weight: 3, run: leave },
  { name: "upload", weight: 8, run: (client) => upload(client, `/home/agent/file-${client.random.between(1, 6)}`, client.random.bytes(client.random.chance(0.1) ? 3_000_000 : client.random.between(0, 200_000))) },
  { name: "download", weight: 8, run: (client) => (client.session.files.size ? download(client, ...client.random.pick([...client.session.files])) : undefined) },
  { name: "chat", isForVisitors: true, weight: 10, run: chat },
  { name: "cancel", isForVisitors: true, weight: 1, run: (client) => client.call("cancel", "POST", at(client.session.id, "/cancel")) },
  { name: "watch", isForVisitors: true, weight: 5, run: watch },
  { name: "resume", weight: 4, run: (client) => client.session.follower.drop() },
  { name: "browse", isForVisitors: true, weight: 3, run: browse },
  { name: "look", weight: 3, run: (client) => client.look() },
  { name: "delete", weight: 2, run: (client) => client.end(client.random.chance(0.7)) },
];
