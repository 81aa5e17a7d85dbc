// What clients do, one row an act: its name, how often it is done beside the others, and the act. A new feature of the
// server that soak shall cover is a row more: here, or in lives.mjs what becomes of desks. Every choice comes from the
// client's generator.
import { at } from "../e2e/lib/carrel.mjs";
import { lives } from "./lives.mjs";
import { chat, deskTarget, download, post, upload, watch } from "./moves.mjs";

const none = { observe: "none" };

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
  { name: "follow again", weight: 4, run: (client) => client.session.follower.drop() },
  { name: "browse", isForVisitors: true, weight: 3, run: browse },
  { name: "look", weight: 3, run: (client) => client.look() },
  { name: "delete", weight: 3, run: (client) => client.end(client.random.chance(0.7)) },
  ...lives,
];
