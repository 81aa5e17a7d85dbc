// What the server's API refuses, and in which words.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onServer, sessions } from "../lib/server.mjs";

const api = onServer();
const { at, problems, refusal } = api;

describe("wrong requests", () => {
  test("a 422 names every wrong field", async () => {
    const cases = [
      [{}, "POST", at("/messages"), ["body.content"]],
      [{ content: "" }, "POST", at("/messages"), ["body.content"]],
      [{ content: " \u00a0\n" }, "POST", at("/messages"), ["body.content"]],
      [{ content: "x".repeat(10_001) }, "POST", at("/messages"), ["body.content"]],
      [{ content: 5 }, "POST", at("/messages"), ["body.content"]],
      [{ content: null }, "POST", at("/messages"), ["body.content"]],
      [{ content: "x", colour: 1 }, "POST", at("/messages"), ["body.colour"]],
      [{ title: "" }, "PATCH", at(), ["body.title"]],
      [{ provider: "nobody" }, "POST", sessions, ["body.provider"]],
      [{ width: "wide", height: 10, network: "all" }, "POST", sessions, ["body.width", "body.height", "body.network"]],
      [{ width: 1024.5 }, "POST", sessions, ["body.width"]],
      [{ titel: "x" }, "POST", sessions, ["body.titel"]],
      [[], "POST", sessions, ["body"]],
      ["text", "POST", sessions, ["body"]],
      [{ provider: "anthropic" }, "POST", "/api/v1/credentials", ["body.key"]],
      [{ provider: "scripted", key: "sk-123456789" }, "POST", "/api/v1/credentials", ["body.provider"]],
      [{ coordinate: { x: "left" } }, "POST", at("/desk/mouse/move"), ["body.coordinate.x", "body.coordinate.y"]],
      [{ button: "left_click", coordinate: { x: 1, y: 2, z: 3 } }, "POST", at("/desk/mouse/click"), ["body.coordinate.z"]],
      [{ command: "true", timeout: 1000 }, "POST", at("/desk/terminal/execute"), ["body.timeout"]],
    ];
    for (const [body, method, target, wanted] of cases) {
      const found = await problems(method, target, { body: JSON.stringify(body) });
      assert.deepEqual(found.sort(), wanted.sort(), `${method} ${target} ${JSON.stringify(body).slice(0, 100)}`);
    }
  });

  test("lengths are counted in characters", async () => {
    const wish = { provider: "scripted", network: "none", title: "😀".repeat(200) };
    const { id, title } = await api.server.json("POST", sessions, wish);
    assert.equal(title, wish.title);
    assert.deepEqual(await problems("PATCH", `${sessions}/${id}`, { body: { title: "😀".repeat(201) } }), ["body.title"]);
    await api.server.turn(id, "é".repeat(10_000));
    await api.server.json("DELETE", `${sessions}/${id}?purge=true`);
  });

  test("a query's fields are judged, too", async () => {
    for (const query of ["limit=0", "limit=101", "limit=x", "offset=-1", "include_archived=maybe"])
      assert.deepEqual(await problems("GET", `${sessions}?${query}`), [`query.${query.split("=")[0]}`]);
    assert.deepEqual(await problems("GET", at("/events?after=x")), ["query.after"]);
    assert.deepEqual(await problems("GET", at("/events?limit=5000")), ["query.limit"]);
    assert.deepEqual(await problems("GET", at("/stream?last_event_id=new")), ["query.last_event_id"]);
    assert.deepEqual(await problems("GET", at("/desk/screen/screenshot?format=gif")), ["query.format"]);
  });

  test("JSON that is none says where", async () => {
    for (const body of ['{"content":', "{'content':1}", '{"content":"a",}', '{"content":"a"}x', '{"content":"a","content":"b"}', `${"[".repeat(100)}${"]".repeat(100)}`, "\ufeff{}", '{"content":"\\ud800"}', '{"content":"a\nb"}'])
      assert.deepEqual(await problems("POST", at("/messages"), { body }), ["body"], body.slice(0, 40));
    const invalid = Buffer.concat([Buffer.from('{"content":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    assert.deepEqual(await problems("POST", at("/messages"), { body: invalid }), ["body"]);
    assert.deepEqual(await problems("POST", at("/desk/mouse/click"), { body: "{" }), ["body"]);
  });

  test("bodies that are too large, of another type, or for another method", async () => {
    await refusal(413, "POST", at("/messages"), { body: JSON.stringify({ content: "x".repeat(2 << 20) }) });
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
      await refusal(415, "POST", at("/messages"), { body: '{"content":"x"}', headers: { "content-type": type } });
    await refusal(415, "POST", at("/desk/file/upload"), { body: "{}" });
    for (const [method, target, allowed] of [
      ["PUT", sessions, ["GET", "POST"]],
      ["POST", at(), ["GET", "PATCH", "DELETE"]],
      ["GET", at("/messages"), ["POST"]],
      ["GET", at("/desk/mouse/click"), ["POST"]],
      ["DELETE", at("/stream"), ["GET"]],
    ]) {
      const { headers } = await refusal(405, method, target);
      for (const name of allowed) assert.ok(headers.allow.includes(name), `${method} ${target}: ${headers.allow}`);
    }
  });

  test("calls that take nothing refuse what they are given", async () => {
    assert.deepEqual(await problems("GET", "/api/v1/config?x=1"), ["query.x"]);
    assert.deepEqual(await problems("GET", at("?x=1")), ["query.x"]);
    assert.deepEqual(await problems("POST", at("/cancel?x=1")), ["query.x"]);
    assert.deepEqual(await problems("POST", at("/cancel"), { body: { x: 1 } }), ["body.x"]);
    assert.deepEqual(await problems("POST", at("/cancel"), { body: "x" }), ["body"]);
    assert.deepEqual(await problems("POST", at("/cancel"), { body: [] }), ["body"]);
    assert.deepEqual(await problems("GET", at("/desk/system/info?x=1")), ["query.x"]);
    assert.equal((await api.server.json("POST", at("/cancel"), {})).status, "not_processing");
    assert.equal((await api.server.request("GET", "/?session=x")).status, 200, "the page's query is the page's own");
  });

  test("errors in a desk's place have what a desk's own have", async () => {
    for (const [status, method, target, options] of [
      [404, "GET", at("/desk/nothing")],
      [404, "GET", `${sessions}/sess_000000000000/desk/screen/info`],
      [405, "GET", at("/desk/mouse/click")],
      [415, "POST", at("/desk/mouse/click"), { body: "{}", headers: { "content-type": "text/plain" } }],
      [426, "GET", at("/desk/terminal/pty")],
    ]) {
      const { body } = await refusal(status, method, target, options);
      assert.equal(body.success, false, target);
      assert.equal(body.error, body.detail, target);
    }
    const { body } = await refusal(404, "GET", `${sessions}/sess_000000000000`);
    assert.equal(body.success, undefined);
  });

  test("a vendor's key is one word", async () => {
    for (const key of ["sk-ant with space", "sk-ant-line\nfeed", "sk-ant-\u00fcml\u00e4ut", "        "])
      assert.deepEqual(await problems("POST", "/api/v1/credentials", { body: { provider: "anthropic", key } }), ["body.key"], key);
  });

  test("HEAD is GET without the body", async () => {
    const answer = await api.server.request("HEAD", sessions);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, 0);
    assert.ok(Number(answer.headers["content-length"]) > 0);
  });
});
