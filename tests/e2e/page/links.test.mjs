// A desktop that is shared by a link, as somebody without a key meets it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, Server } from "../lib/carrel.mjs";
import { onPage, open, stateIs, takeControl, world } from "../lib/page.mjs";

onPage();

test("a link shows its desktop, offers what it opens, leaves no secret in the address, and ends at once", async (t) => {
  await world.server.end();
  const headers = { authorization: "Bearer a-key-for-this-test-0123456789abcdef" };
  world.server = await Server.start({ env: { CARREL_TOKEN: headers.authorization.split(" ")[1] } });
  const ask = async (method, target, body) =>
    (await world.server.request(method, target, { body, headers })).body;
  const { id } = await ask("POST", "/api/v1/sessions", { provider: "scripted", network: "none" });
  t.after(async () => {
    await ask("DELETE", at(id, "?purge=true"));
    await world.server.stop();
  });
  for (const mode of ["view", "control"]) {
    const link = await ask("POST", at(id, "/links"), { mode });
    const page = await open(t, link.url);
    await stateIs(page, "viewing");
    assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, `/desk/${id}?shared=${mode}`);
    assert.equal(await page.evaluate(() => document.cookie + document.referrer), "");
    for (const hidden of ["files", "clipboard"]) assert.equal(await page.getByTestId(hidden).count(), 0);
    if (mode === "control") {
      await takeControl(page);
      assert.equal((await ask("GET", at(id))).viewers.in_control, 1);
    } else {
      assert.equal(await page.getByTestId("control-toggle").count(), 0);
    }
    await ask("DELETE", at(id, `/links/${link.id}`));
    await page.getByTestId("link-ended").waitFor();
    await page.goto(new URL(link.url, world.server.url).href);
    await page.getByText("This link has expired or was revoked.").waitFor();
  }
});
