// The built-in tour on a real desk: every step works, also on a desk where it was played before.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, until } from "../lib/carrel.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server?.end());

test("the tour shows a page, types, uses a terminal and reads the file, twice on one desk", async () => {
  const { id } = await server.createSession();
  let seen = 0;
  for (const round of [1, 2]) {
    const { message_id } = await server.json("POST", `/api/v1/sessions/${id}/messages`, { content: "tour" });
    const events = await until(`round ${round} ends`, async () => {
      const all = (await server.events(id)).slice(seen);
      return all.some(({ event, data }) => event === "message_complete" && data.message_id === message_id) && all;
    }, 120);
    seen += events.length;
    const results = events.filter(({ event }) => event === "tool_result").map(({ data }) => data);
    assert.deepEqual(results.filter(({ error }) => error), []);
    assert.ok(!results.some(({ output }) => output.includes("nothing of this title came")));
    assert.ok(results.some(({ output }) => output.includes("1\twritten in the terminal")));
    const pictures = results.map(({ screenshot }) => screenshot).filter(Boolean);
    assert.equal(pictures.length, 4);
    // Each step changed what is to be seen.
    assert.equal(new Set(pictures).size, 4);
    assert.equal(events.at(-1).data.status, "completed");
  }
});
