// The page against the real server: conversations and sessions.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { eventually } from "../lib/chromium.mjs";
import { at, dataDirectory as data } from "../lib/carrel.mjs";
import { inside, isAlive } from "../lib/host.mjs";
import { clicked, desk, open, row, run, say, stateIs, turnIs, onPage, world } from "../lib/page.mjs";
import { bash, script } from "../lib/script.mjs";

onPage();

describe("the conversation", () => {
  test("a reload rebuilds it", async (t) => {
    const { page } = await clicked(t, "Reload");
    const shot = { tool_uses: [{ name: "screenshot" }] };
    await say(
      page,
      script({ text: "I look.", thinking: "Hm.", ...shot }, bash("echo out; exit 3"), {
        text: "**Seen** it.",
      }),
    );
    await turnIs(page, "completed");
    const before = await page.getByTestId("conversation").innerText();
    assert.match(before, /I look\.[^]*Seen it\./);
    await page.reload();
    await turnIs(page, "completed");
    assert.equal(await page.getByTestId("conversation").innerText(), before);
    const picture = page.getByTestId("tool-picture").locator("img");
    await eventually("its picture", () => picture.evaluate((image) => image.naturalWidth > 600));
  });

  test("cancel stops a turn, and the next one works", async (t) => {
    const { page, id } = await clicked(t, "Cancel");
    await say(page, script(bash("echo begun > ~/begun; sleep 1000"), { text: "Never said." }));
    await page.locator("[data-testid=tool-call][data-state=running]").waitFor();
    await eventually("the command runs", async () =>
      (await desk(id, "file/list", { path: "/home/agent" })).entries.some(({ name }) => name === "begun"),
    );
    await page.getByTestId("cancel").click();
    await turnIs(page, "cancelled");
    assert.equal(await page.getByText("Never said.", { exact: true }).count(), 0);
    await say(page, script(bash("echo again"), { text: "Said." }));
    await page.getByText("Said.", { exact: true }).waitFor();
    await turnIs(page, "completed");
    assert.equal(await run(id, "pgrep -fx 'sleep 1000'"), "");
  });

  test("two people who watch one session both see all of it, and only what is new after that", async (t) => {
    const { page, id } = await clicked(t, "Together");
    const other = await open(t, `/#${id}`);
    await stateIs(other, "viewing");
    await say(
      page,
      script({ text: "One.", ...bash("echo 1") }, { text: "Two.", ...bash("echo 2") }, { text: "Three." }),
    );
    for (const each of [page, other]) await turnIs(each, "completed");
    const [here, there] = await Promise.all(
      [page, other].map((each) => each.getByTestId("conversation").innerText()),
    );
    assert.equal(there, here);
    assert.match(here, /One\.[^]*Two\.[^]*Three\./);
    await say(other, script({ text: "Four." }));
    await page.getByText("Four.", { exact: true }).waitFor();
  });
});

describe("sessions", () => {
  test("one is renamed and deleted, and its desk is gone", async (t) => {
    const { page, id, deskId } = await clicked(t, "Short-lived");
    const pids = inside(data, deskId).map(({ pid }) => pid);
    assert.ok(pids.length >= 4);
    await row(page, "Short-lived").hover();
    await row(page, "Short-lived").getByTestId("rename-session").click();
    await page.getByTestId("rename-input").fill("Renamed");
    await page.keyboard.press("Enter");
    await eventually(
      "the stored title",
      async () => (await world.server.json("GET", at(id))).title === "Renamed",
    );
    await page.reload();
    const missed = [];
    page.on("response", (answer) => answer.status() === 404 && missed.push(answer.url()));
    await stateIs(page, "viewing");
    await row(page, "Renamed").hover();
    await row(page, "Renamed").getByTestId("delete-session").click();
    await page.getByTestId("confirm-delete").click();
    await row(page, "Renamed").waitFor({ state: "detached" });
    await eventually("its processes end", () => pids.every((pid) => !isAlive(pid)));
    await eventually("its files go", () => !existsSync(path.join(data, "desks", deskId)));
    assert.deepEqual(missed, []);
    const { body } = await world.server.request("GET", "/api/v1/sessions?include_archived=true&limit=100");
    assert.equal(body.sessions.find((session) => session.id === id)?.status, "archived");
  });

  test("one is deleted with its conversation", async (t) => {
    const { page, id } = await clicked(t, "Forgotten");
    await row(page, "Forgotten").hover();
    await row(page, "Forgotten").getByTestId("delete-session").click();
    await page.getByTestId("purge").check();
    await page.getByTestId("confirm-delete").click();
    await row(page, "Forgotten").waitFor({ state: "detached" });
    assert.equal((await world.server.request("GET", at(id, "/events"))).status, 404);
  });
});
