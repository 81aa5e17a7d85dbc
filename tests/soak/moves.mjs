// What acts are made of: files, messages and looks at the screen, with what is kept in mind of them.
import { at } from "../e2e/lib/carrel.mjs";
import { bash, script } from "../e2e/lib/script.mjs";
import { Viewer } from "../e2e/lib/wire.mjs";
import { digest } from "./ledger.mjs";

const screen = { width: 1024, height: 768 };
export const deskTarget = (session, operation) => at(session.id, `/desk/${operation}`);
const fileTarget = (session, operation, path) => deskTarget(session, `file/${operation}?path=${encodeURIComponent(path)}`);
export const post = (client, kind, operation, json) => client.call(kind, "POST", deskTarget(client.session, operation), { json });

/** Stores bytes, and keeps in mind what the file may hold from now on: in `files`, which are the desk's or a workspace's. */
export async function upload(client, path, bytes, files = client.session.files) {
  const { session } = client;
  const file = files.get(path) ?? {};
  files.set(path, file);
  const desk = session.desk;
  (file.maybe ??= new Set()).add(digest(bytes));
  (file.all ??= []).push(digest(bytes));
  const { ok } = await client.call("upload", "PUT", fileTarget(session, "upload", path), { body: bytes });
  if (!ok || (session.desk !== desk && files === session.files)) return;
  file.hash = digest(bytes);
  file.maybe.clear();
}

/** Fetches a file again: it is one of those that it may be, whole. */
export async function download(client, path, file, files = client.session.files) {
  const { session } = client;
  // Somebody else may store another one meanwhile.
  const known = [file.hash, ...(file.maybe ?? [])];
  const before = file.all?.length ?? 0;
  const { status, bytes } = await client.call("download", "GET", fileTarget(session, "download", path), { allowed: file.hash ? [] : [404] });
  known.push(...(file.all ?? []).slice(before));
  if (status === 200 && files.get(path) === file && !known.includes(digest(bytes)))
    client.world.report.violation(files === session.files ? "files" : "workspaces", `${session.id}: ${path} of ${session.desk} has ${bytes.length} bytes that nobody has stored there`);
}

export async function chat(client) {
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

/** Looks at the screen as who shows `headers` does; whoever looked before goes away. Answers what was wrong, or nothing. */
export async function lookAtScreen(client, headers, key) {
  client.viewer?.close();
  client.viewer = undefined;
  const { session, world } = client;
  const server = await world.service.up();
  const start = Date.now();
  world.report.count("calls", "watch");
  const seen = await Viewer.open(server, at(session.id, "/vnc"), headers)
    .then(async (viewer) => {
      client.viewer = Object.assign(viewer, { key });
      if (viewer.status !== 101) return viewer.status;
      const { width, height } = await viewer.handshake();
      return width === screen.width && height === screen.height ? "" : `${width}×${height}`;
    })
    .catch((error) => String(error.message ?? error));
  if (seen === "") return "";
  const { ok } = await client.call("look", "GET", at(session.id)); // also waits for a server that is dying
  const since = start - 30_000;
  const has = world.service.wasDown(since) || world.ledger.wasServerTouched(since) || world.ledger.wasTouched(session, since);
  if (has || session.mayRest(start) || session.principal.hasLost(key)) world.report.count("failures for a reason", `watch: ${seen}`);
  else if (ok && session.state === "live") world.report.violation("answers", `${session.id}: who watches has ${seen}`);
  return seen;
}

/** Somebody looks at the screen, until the next look. */
export const watch = (client) => lookAtScreen(client, client.session.principal.headers, client.session.principal.current.id);
