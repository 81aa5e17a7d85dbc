// The page and its server: one that is killed and started again, and one with a key.
import assert from "node:assert/strict";
import { test } from "node:test";
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
});
