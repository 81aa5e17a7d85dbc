// The page and its server: one that is killed and started again, and one with a key.
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { eventually } from "../lib/chromium.mjs";
import { at, Server } from "../lib/carrel.mjs";
import { clicked, open, say, stateIs, turnIs, onPage, world } from "../lib/page.mjs";
import { bash, script } from "../lib/script.mjs";

onPage();

test("the server is killed and started again: the page comes back, and nothing is lost or doubled", async (t) => {
  await world.server.end();
  world.server = await Server.start();
  const { page, id, deskId } = await clicked(t, "Comes back");
  await say(page, script({ text: "Before.", ...bash("kept=yes; echo kept") }, { text: "Done before." }));
  await turnIs(page, "completed");
  await say(page, script({ text: "Cut off here.", ...bash("sleep 1000") }, { text: "Never said." }));
  await page.getByText("Cut off here.", { exact: true }).waitFor();
  await page.locator("[data-testid=tool-call][data-state=running]").waitFor();
  await world.server.stop("SIGKILL");
  await page.getByText("The server does not answer.").waitFor();
  world.server = await Server.start({ fresh: false, listen: new URL(world.server.url).host });
  await stateIs(page, "viewing");
  await page.getByText("The server does not answer.").waitFor({ state: "detached" });
  await turnIs(page, "interrupted");
  assert.equal((await world.server.json("GET", at(id))).desk.id, deskId);
  await say(page, script({ text: "After.", ...bash("echo after") }, { text: "Done after." }));
  await page.getByText("Done after.", { exact: true }).waitFor();
  await turnIs(page, "completed");
  for (const once of ["Before.", "Done before.", "Cut off here.", "After.", "Done after."])
    assert.equal(await page.getByTestId("turn").getByText(once, { exact: true }).count(), 1, once);
  assert.equal(await page.getByText("Never said.", { exact: true }).count(), 0);
  const shown = await page.getByTestId("conversation").innerText();
  await page.reload();
  await page.getByText("Done after.", { exact: true }).waitFor();
  assert.equal(await page.getByTestId("conversation").innerText(), shown);
});

test("the page's files come compressed as the client likes, and are not sent again to who has them", async (t) => {
  const get = (path, headers) =>
    new Promise((resolve, reject) => {
      request(new URL(path, world.server.url), { headers }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("error", reject);
        const { statusCode: status, headers: got } = answer;
        answer.on("end", () => resolve({ status, headers: got, body: Buffer.concat(parts) }));
      })
        .on("error", reject)
        .end();
    });
  for (const path of ["/app.js", "/desk.js", "/stream.js", "/app.css"]) {
    const plain = await get(path, {});
    assert.equal(plain.headers["content-encoding"], undefined);
    for (const [accepted, coding, open] of [
      ["gzip, deflate", "gzip", gunzipSync],
      ["gzip, deflate, br, zstd", "br", brotliDecompressSync],
    ]) {
      const headers = { "Accept-Encoding": accepted };
      const packed = await get(path, headers);
      assert.equal(packed.headers["content-encoding"], coding);
      assert.equal(packed.headers.vary, "Accept-Encoding");
      assert.ok(open(packed.body).equals(plain.body), `${path} as ${coding}`);
      const again = await get(path, { ...headers, "If-None-Match": packed.headers.etag });
      assert.deepEqual([again.status, again.body.length], [304, 0]);
      const other = await get(path, { "If-None-Match": packed.headers.etag });
      assert.deepEqual([other.status, other.body.length], [200, plain.body.length]);
    }
    const none = await get(path, { "Accept-Encoding": "gzip;q=0, br;q=0" });
    assert.ok(none.body.equals(plain.body));
  }
  const page = await open(t, "/favicon.svg");
  const arriving = page.waitForResponse(/\/app\.js$/);
  await page.goto(world.server.url);
  assert.match((await (await arriving).allHeaders())["content-encoding"], /^(br|gzip)$/);
  await page.getByTestId("new-session").waitFor();
});

test("eight tabs of one browser, some on one session: in each a message is sent and its answer seen", async (t) => {
  const ids = [];
  for (let at = 0; at < 3; ++at) ids.push((await world.server.createSession()).id);
  t.after(() => Promise.all(ids.map((id) => world.server.request("DELETE", at(id, "?purge=true")))));
  const first = await open(t, `/#${ids[0]}`);
  const pages = [first];
  for (let tab = 1; tab < 8; ++tab) {
    pages.push(await first.context().newPage());
    await pages[tab].goto(new URL(`/#${ids[tab % 3]}`, world.server.url).href);
  }
  for (const page of pages) await stateIs(page, "viewing");
  for (const [tab, page] of pages.entries()) {
    await say(page, script({ text: `Said in tab ${tab}.` }));
    await page.getByTestId("turn").getByText(`Said in tab ${tab}.`, { exact: true }).waitFor();
    await turnIs(page, "completed");
  }
  for (const [tab, page] of pages.entries())
    for (let other = tab % 3; other < 8; other += 3)
      await page.getByTestId("turn").getByText(`Said in tab ${other}.`, { exact: true }).waitFor();
});

test("a server with a key: the login form opens it, and its cookie serves events and desktop too", async (t) => {
  await world.server.end();
  const key = "a-key-for-this-test-0123456789abcdef";
  world.server = await Server.start({ env: { CARREL_TOKEN: key } });
  const headers = { authorization: `Bearer ${key}` };
  t.after(async () => {
    const { sessions } = (await world.server.request("GET", "/api/v1/sessions?limit=100", { headers })).body;
    for (const { id } of sessions) await world.server.request("DELETE", at(id, "?purge=true"), { headers });
    await world.server.stop();
  });
  const page = await open(t);
  const field = page.getByTestId("login").locator("input");
  await field.fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByTestId("login").getByRole("alert").waitFor();
  await field.fill(key);
  await page.keyboard.press("Enter");
  await page.getByTestId("new-session").click();
  await page.locator("input[name=network][value=none]").check();
  await page.getByTestId("create-session").click();
  await stateIs(page, "viewing");
  await say(page, script({ text: "Let in.", tool_uses: [{ name: "screenshot" }] }, { text: "Done." }));
  await turnIs(page, "completed");
  await eventually("its picture", () =>
    page
      .getByTestId("tool-picture")
      .locator("img")
      .evaluate((image) => image.naturalWidth > 600),
  );
  await page.reload();
  await turnIs(page, "completed");
  await stateIs(page, "viewing");
  assert.equal(await page.evaluate(() => document.cookie), "");
  const [cookie] = await page.context().cookies();
  await page.getByTestId("log-out").click();
  await page.getByTestId("login").waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  const stolen = { cookie: `${cookie.name}=${cookie.value}` };
  assert.equal((await world.server.request("GET", "/api/v1/sessions", { headers: stolen })).status, 401);
});
