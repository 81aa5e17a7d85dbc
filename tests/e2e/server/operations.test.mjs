// Every operation of the server does what its row says: its example works and is answered with the members
// that the row names.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { differences } from "../lib/answers.mjs";
import { dataDirectory, Server, programs, until } from "../lib/carrel.mjs";
import { identity } from "../lib/host.mjs";

const rows = JSON.parse(execFileSync(path.join(programs, "carrel"), ["operations", "--json"], { maxBuffer: 1 << 26 })).server;
const key = "the-key-of-this-test-0123";
const headers = { authorization: `Bearer ${key}` };
const sessions = "/api/v1/sessions";

let server;
let session;
const ask = (method, target, body) => server.request(method, target, { headers, body });
before(async () => {
  server = await Server.start({ env: { CARREL_TOKEN: key } });
  const { body } = await ask("POST", sessions, { provider: "scripted", network: "none" });
  session = body.id;
});
after(async () => {
  const { body } = await ask("GET", `${sessions}?limit=100`);
  for (const { id } of body.sessions) await ask("DELETE", `${sessions}/${id}?purge=true`);
  await server.stop();
});

const workspace = (name) => {
  const owner = createHash("sha256").update("local").digest("hex");
  fs.mkdirSync(path.join(dataDirectory, "workspaces", owner, name, "files"), { recursive: true });
};

/** What has to be so before a row's example works. */
const preparations = {
  "workspaces/list": () => workspace("another"),
  "workspaces/delete": () => workspace("example"),
  "desk/renew": async () => {
    const desk = (await ask("GET", `${sessions}/${session}`)).body.desk.id;
    process.kill(identity(dataDirectory, desk).pid, "SIGKILL");
    await until("the desk has failed", async () => (await ask("GET", `${sessions}/${session}`)).body.desk.state === "failed");
  },
};
/** What stands in a path beside the session, made before it is asked for. */
const parts = {
  "keys/revoke": async () => ({ key: (await ask("POST", "/api/v1/keys", { user: "gone" })).body.id }),
  "links/revoke": async () => ({ link: (await ask("POST", `${sessions}/${session}/links`, {})).body.id }),
};
/** Bodies that a document cannot show. */
const bodies = { login: { key } };

// What removes the session comes last.
const inOrder = rows.toSorted((left, right) => (left.name === "sessions/delete") - (right.name === "sessions/delete"));
for (const row of inOrder.filter(({ response }) => ["json", "none"].includes(response)))
  test(`${row.method} ${row.name} answers as it says`, async () => {
    await preparations[row.name]?.();
    const body = bodies[row.name] ?? (row.request === "json" ? JSON.parse(row.example) : undefined);
    const query = row.request === "none" && row.example ? `?${row.example}` : "";
    const known = { id: session, name: "example", ...(await parts[row.name]?.()) };
    const target = row.path.replace(/\{(\w+)\}/g, (whole, name) => known[name] ?? whole);
    const answer = await ask(row.method, target + query, body);
    if (row.response === "none") return assert.equal(answer.status, 204, JSON.stringify(answer.body));
    assert.ok([200, 201].includes(answer.status), JSON.stringify(answer.body));
    assert.deepEqual(differences(answer.body, row.answer), []);
  });

test("a query's names are judged, and each stands once", async () => {
  const problem = async (query) => {
    const { status, body } = await ask("GET", `${sessions}?${query}`);
    assert.equal(status, 422, JSON.stringify(body));
    return body.detail.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`);
  };
  assert.deepEqual(await problem("limt=5"), ['query.limt: there is no such field; did you mean "limit"?']);
  assert.deepEqual(await problem("limit=5&limit=6"), ["query.limit: stands twice; give it once"]);
  assert.deepEqual(await problem("limit=0&offset=x"), ["query.limit: must be between 1 and 100", "query.offset: must be a whole number, not a string"]);
});
