// What rests and what ends, on the page: a paused desk, a frozen one, a session that waits, one that ends soon.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../lib/chromium.mjs";
import { at, Server } from "../lib/carrel.mjs";
import {
  canvasOf,
  clicked,
  onPage,
  open,
  openTerminal,
  row,
  run,
  setSeen,
  stateIs,
  takeControl,
  world,
} from "../lib/page.mjs";

onPage();

const stateOf = async (id) => (await world.server.json("GET", at(id))).desk.state;

/** In a page: no desktop can be watched, so that one is idle although its page is open. */
function watchNothing() {
  window.WebSocket = new Proxy(WebSocket, {
    construct: (Real, [address, protocols]) =>
      new Real(address.replace(/sess_\w+/, "sess_000000000000"), protocols),
  });
}

async function pauseByClicking(page) {
  await page.getByTestId("more").click();
  await page.getByTestId("pause").click();
  await page.getByTestId("desk-paused").waitFor();
}

/** The picture of a paused desk: {width, height, spread}, by which one that is of one colour shows. */
const lastPicture = (page) =>
  page.locator(".last-picture").evaluate(async (image) => {
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const copy = new OffscreenCanvas(width, height).getContext("2d");
    copy.drawImage(image, 0, 0);
    const pixels = copy.getImageData(0, 0, width, height).data;
    const seen = new Set();
    for (let i = 0; i < pixels.length; i += 4 * 97)
      seen.add((pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2]);
    return { width, height, colours: seen.size };
  });

test("a page that nobody sees for a minute keeps no desk awake, and shows it when it is seen again", async (t) => {
  const { page, id } = await clicked(t, "Out of sight");
  const watching = async () => (await world.server.json("GET", at(id))).viewers.watching;
  assert.equal(await watching(), 1);
  await page.clock.install();
  await setSeen(page, false);
  await page.clock.runFor(59_000);
  assert.equal(await watching(), 1, "a look at another tab is no end");
  await page.clock.runFor(2_000);
  await eventually("nobody watches", async () => (await watching()) === 0);
  await setSeen(page, true);
  await stateIs(page, "viewing");
  assert.equal(await watching(), 1);
  await canvasOf(page).waitFor();
});

describe("a paused desk", () => {
  test("shows its last picture and that it is paused, takes nothing, and goes on where it was", async (t) => {
    const { page, id } = await clicked(t, "Pausing");
    await openTerminal(id);
    await takeControl(page);
    await pauseByClicking(page);
    assert.equal(await stateOf(id), "paused");
    await stateIs(page, "paused");
    await page.getByTestId("desk-paused").getByText("Paused", { exact: true }).waitFor();
    const picture = await lastPicture(page);
    assert.deepEqual([picture.width, picture.height], [1280, 800]);
    assert.ok(picture.colours > 4, `${picture.colours} colours`);
    assert.equal(await canvasOf(page).count(), 0);
    for (const hidden of ["control-toggle", "clipboard", "files", "upload"])
      assert.equal(await page.getByTestId(hidden).count(), 0, hidden);
    assert.equal((await row(page, "Pausing").getAttribute("data-state")) ?? "", "paused");
    await page.getByTestId("paused-banner").waitFor();
    assert.ok(await page.getByTestId("send").isDisabled());
    // Looked at again it is the same, and nobody has woken it.
    await page.reload();
    await page.getByTestId("desk-paused").waitFor();
    await lastPicture(page);
    assert.equal(await stateOf(id), "paused");
    await page.getByTestId("desk-paused").getByTestId("resume").click();
    await stateIs(page, "viewing");
    assert.equal(await page.getByTestId("paused-banner").count(), 0);
    assert.match(await run(id, "pgrep -x xterm"), /^[0-9]+$/);
  });

  test("paused and resumed elsewhere it is so here, also on the page of the desktop alone", async (t) => {
    const { page, id } = await clicked(t, "Elsewhere");
    const alone = await open(t, `/desk/${id}`);
    await stateIs(alone, "viewing");
    await world.server.json("POST", at(id, "/pause"));
    for (const each of [page, alone]) await each.getByTestId("desk-paused").waitFor();
    await world.server.json("POST", at(id, "/resume"));
    for (const each of [page, alone]) await stateIs(each, "viewing");
  });
});

describe("a desk that nobody uses", () => {
  test("says what keeps it awake, falls asleep unseen, looks well in the list, and wakes when it is opened", async (t) => {
    await world.server.end();
    world.server = await Server.start({
      args: ["--cleanup-interval-seconds", "1"],
    });
    const idle = await world.server.createSession({
      provider: "scripted",
      network: "none",
      title: "Sleeper",
      idle_seconds: 1,
      on_idle: "freeze",
    });
    t.after(() => world.server.request("DELETE", at(idle.id, "?purge=true")));
    await eventually("it is frozen", async () => (await stateOf(idle.id)) === "frozen");
    const { page } = await clicked(t, "Wakeful");
    await row(page, "Sleeper").and(page.locator("[data-state=frozen]")).waitFor();
    assert.match(await row(page, "Sleeper").innerText(), /Asleep/);
    assert.match(await row(page, "Sleeper").locator(".dot").getAttribute("title"), /^Idle since /);
    await row(page, "Sleeper").locator(".session-open").click();
    await stateIs(page, "viewing");
    assert.equal(await stateOf(idle.id), "ready");
    await page.getByTestId("more").click();
    await page
      .getByTestId("rest-line")
      .getByText(/Awake: 1 viewer/)
      .waitFor();
    await page.keyboard.press("Escape");
  });
});

describe("a session's end", () => {
  test("is announced while it is near, and kept by a click", async (t) => {
    await world.server.end();
    world.server = await Server.start({
      args: ["--end-grace-seconds", "30", "--cleanup-interval-seconds", "1"],
    });
    const page = await open(t);
    await page.addInitScript(watchNothing);
    await page.reload();
    const made = await world.server.createSession({
      provider: "scripted",
      network: "none",
      title: "Ending",
      idle_seconds: 1,
      on_idle: "destroy",
    });
    t.after(() => world.server.request("DELETE", at(made.id, "?purge=true")));
    await row(page, "Ending").locator(".session-open").click();
    const note = page.getByTestId("ending-note");
    await note.waitFor();
    assert.match(await note.innerText(), /This session ends at .*: nobody has used the desk for 1 second/);
    await page.getByTestId("keep").click();
    await note.waitFor({ state: "detached" });
    await page.getByTestId("conversation").getByText("the desk is used again").waitFor();
  });
});

describe("a session that waits for a desk", () => {
  test("tells its place in the dialog, in the list and where its desktop will be", async (t) => {
    await world.server.end();
    world.server = await Server.start({ args: ["--max-displays", "1"] });
    const first = await world.server.createSession();
    const page = await open(t);
    await page.getByTestId("new-session").click();
    await page.locator("input[name=title]").fill("Patient");
    await page.locator("input[name=network][value=none]").check();
    await page.getByTestId("create-session").click();
    await page.getByTestId("place-in-line").getByText("This session is the next.").waitFor();
    await page.getByTestId("new-session-dialog").getByRole("button", { name: "Close" }).last().click();
    assert.match(await row(page, "Patient").innerText(), /In line: 1/);
    await row(page, "Patient").locator(".session-open").click();
    await page.getByTestId("desk-queued").getByText("This session is the next.").waitFor();
    await world.server.json("DELETE", at(first.id, "?purge=true"));
    await stateIs(page, "viewing");
    assert.doesNotMatch(await page.getByTestId("conversation").innerText(), /waits for a desk/);
  });
});
