// How often a caller may ask: the headers and bodies that say it, and who is not held up by it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { at, Server } from "../lib/carrel.mjs";

const sessions = "/api/v1/sessions";
const operator = "the-key-of-the-operator";
const of = (key) => ({ headers: { authorization: `Bearer ${key}` } });

function assertTooMany({ status, headers, body }, policy, quota, seconds) {
  assert.equal(status, 429, JSON.stringify(body));
  assert.equal(headers["ratelimit-policy"], `"${policy}";q=${quota};w=${seconds}`);
  const [, left, reset] = headers.ratelimit.match(new RegExp(`^"${policy}";r=(\\d+);t=(\\d+)$`));
  assert.equal(left, "0");
  assert.equal(headers["retry-after"], reset);
  assert.ok(Number(reset) >= 1 && Number(reset) <= seconds);
  assert.equal(body.error, "rate_limit_exceeded");
  assert.equal(typeof body.detail, "string");
  assert.equal(body.retry_after, Number(reset));
}

/** The first answer that is refused: not before `quota` were given, and those that come back while we ask are given, too. */
async function refusedOf(quota, ask) {
  for (let count = 0; count < 20 * quota; ++count) {
    const answer = await ask();
    if (answer.status !== 429) continue;
    assert.ok(count >= quota, `refused after ${count} of ${quota}`);
    return answer;
  }
  assert.fail(`nothing was refused of ${20 * quota}`);
}

describe("with keys", () => {
  let server;
  let alice;
  let bob;
  const made = [];
  const create = async (key, wish = {}) => {
    const answer = await server.request("POST", sessions, { body: { provider: "scripted", network: "none", ...wish }, ...of(key) });
    if (answer.body.id) made.push(answer.body.id);
    return answer;
  };
  before(async () => {
    server = await Server.start({ env: { CARREL_TOKEN: operator, CARREL_MESSAGES_PER_MINUTE: "2", CARREL_SESSIONS_PER_HOUR: "2", CARREL_REQUESTS_PER_MINUTE: "200" } });
    const give = async (user) => (await server.request("POST", "/api/v1/keys", { body: { user }, ...of(operator) })).body.key;
    [alice, bob] = [await give("alice"), await give("bob")];
  });
  after(async () => {
    for (const id of made) await server.request("DELETE", `${at(id)}?purge=true`, of(operator));
    await server?.stop();
  });

  test("so many new sessions an hour, of each user", async () => {
    const first = await create(alice);
    assert.equal(first.status, 201);
    assert.equal(first.headers["ratelimit-policy"], '"sessions";q=2;w=3600');
    assert.match(first.headers.ratelimit, /^"sessions";r=1;t=\d+$/);
    const wrong = await server.request("POST", sessions, { body: { width: 1 }, ...of(alice) });
    assert.equal(wrong.status, 422, "what comes to nothing does not count");
    assert.equal((await create(alice)).status, 201);
    assertTooMany(await create(alice), "sessions", 2, 3600);
    assert.equal((await create(bob)).status, 201);
  });

  test("a session that its key names again is no new one", async () => {
    const carol = (await server.request("POST", "/api/v1/keys", { body: { user: "carol" }, ...of(operator) })).body.key;
    assert.equal((await create(carol, { key: "one" })).status, 201);
    for (let round = 0; round < 3; ++round) {
      const again = await create(carol, { key: "one" });
      assert.equal(again.status, 200, JSON.stringify(again.body));
      assert.match(again.headers.ratelimit, /^"sessions";r=1;t=\d+$/);
    }
    assert.equal((await create(carol, { key: "two" })).status, 201);
    assertTooMany(await create(carol, { key: "three" }), "sessions", 2, 3600);
  });

  test("so many messages a minute, of each session", async () => {
    const send = (id, content = "hello") => server.request("POST", `${at(id)}/messages`, { body: { content }, ...of(alice) });
    const settle = async (id) => server.request("POST", `${at(id)}/cancel`, of(alice));
    assert.equal((await send(made[0], " ")).status, 422);
    for (let count = 0; count < 2; ++count) {
      assert.equal((await send(made[0])).status, 200);
      await settle(made[0]);
    }
    assertTooMany(await send(made[0]), "messages", 2, 60);
    assert.equal((await send(made[1])).status, 200);
    await settle(made[1]);
    // Whoever asks for another's session uses nothing of theirs up.
    for (let count = 0; count < 4; ++count)
      assert.equal((await server.request("POST", `${at(made[1])}/messages`, { body: { content: "x" }, ...of(bob) })).status, 404);
    assert.equal((await send(made[1])).status, 200);
    await settle(made[1]);
  });

  test("so many requests a minute, of each user and each stranger; health is always answered", async () => {
    // Who has asked for nothing yet.
    const dave = (await server.request("POST", "/api/v1/keys", { body: { user: "dave" }, ...of(operator) })).body.key;
    assertTooMany(await refusedOf(200, () => server.request("GET", `${sessions}?limit=1`, of(dave))), "requests", 200, 60);
    assert.equal((await server.request("GET", `${sessions}?limit=1`, of(alice))).status, 200);
    assertTooMany(await refusedOf(20, () => server.request("GET", sessions)), "strangers", 20, 60);
    assert.equal((await server.request("GET", "/api/v1/health")).status, 200);
    assert.equal((await server.request("GET", `${sessions}?limit=1`, of(alice))).status, 200);
  });
});

describe("on loopback without keys", () => {
  test("nothing is limited, unless it is set", async () => {
    let server = await Server.start();
    for (let count = 0; count < 700; ++count) assert.equal((await server.request("GET", "/api/v1/config")).status, 200);
    assert.equal((await server.request("GET", "/api/v1/config")).headers.ratelimit, undefined);
    await server.stop();
    server = await Server.start({ env: { CARREL_REQUESTS_PER_MINUTE: "5" } });
    for (let count = 0; count < 5; ++count) await server.request("GET", "/api/v1/config");
    assertTooMany(await server.request("GET", "/api/v1/config"), "requests", 5, 60);
    await server.stop();
  });
});
