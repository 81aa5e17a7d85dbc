// The page in a real browser against the real server with real desks: a person's whole way through it.
// What the page does with answers that no real server gives on purpose is in page_with_double.test.mjs.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { desktopPicture, eventually, launchBrowser, openPage } from "./browser.mjs";
import { dataDirectory as data, Server } from "./lib/carrel.mjs";
import { identity, inside, isAlive } from "./lib/host.mjs";

let browser;
let server;
before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), Server.start()]);
});
after(async () => {
  await browser?.close();
  await server?.end();
});

/** Chromium on the desk takes its time on a busy machine. */
const tourLimit = 90_000;

const at = (id, rest = "") => `/api/v1/sessions/${id}${rest}`;
const desk = (id, operation, body) => server.json("POST", at(id, `/desk/${operation}`), body);
const run = async (id, command) => (await desk(id, "terminal/execute", { command })).output.trim();
const script = (...turns) => JSON.stringify(turns);
const bash = (command) => ({ tool_uses: [{ name: "bash", input: { command } }] });

/** A page of its own context; what must not happen in it fails the test. */
async function open(t, address = "/", options = {}) {
  const page = await openPage(browser, new URL(address, server.url).href, options);
  t.after(async () => {
    await page.context().close();
    assert.deepEqual(page.complaints, []);
  });
  return page;
}

/** A page that shows a new session on a desk without network, made by clicking. */
async function clicked(t, title) {
  const page = await open(t);
  const session = await makeByClicking(t, page, title);
  return { page, ...session };
}

async function makeByClicking(t, page, title) {
  await page.getByTestId("new-session").click();
  await page.locator("input[name=title]").fill(title);
  await page.locator("input[name=network][value=none]").check();
  await page.getByTestId("create-session").click();
  await page.getByTestId("new-session-dialog").waitFor({ state: "detached" });
  await stateIs(page, "viewing");
  const id = await page.evaluate(() => location.hash.slice(1));
  t.after(() => server.request("DELETE", at(id, "?purge=true")));
  return { id, deskId: (await server.json("GET", at(id))).desk.id };
}

const stateIs = (page, state) =>
  page.locator(`[data-testid=desktop-state][data-state=${state}]`).waitFor({ state: "attached" });
const turnIs = (page, status, timeout = 30_000) =>
  page.locator(`[data-testid=turn][data-status=${status}]`).last().waitFor({ timeout });
const row = (page, title) => page.getByTestId("session-item").filter({ hasText: title });
const canvasOf = (page) => page.getByTestId("desktop").locator("canvas");

async function say(page, content) {
  await page.getByTestId("message-input").fill(content);
  await page.getByTestId("send").click();
}

async function takeControl(page) {
  await page.getByTestId("control-toggle").click();
  await stateIs(page, "control");
}

/** Clicks where the desk has this pixel. */
async function clickDesk(page, x, y) {
  const { width, height } = await canvasOf(page).boundingBox();
  await canvasOf(page).click({ position: { x: (x * width) / 1280, y: (y * height) / 800 } });
}

/** How much of what the viewer draws differs from the screenshot that the API gives, from 0 to 1. */
async function difference(page, id) {
  return page.evaluate(
    async (address) => {
      const answer = await fetch(address, { headers: { Accept: "image/png" } });
      const picture = await createImageBitmap(await answer.blob());
      const shown = document.querySelector("[data-testid=desktop] canvas");
      if (picture.width !== shown.width || picture.height !== shown.height) return 1;
      const copy = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
      copy.drawImage(picture, 0, 0);
      const [a, b] = [copy, shown.getContext("2d")].map(
        (from) => from.getImageData(0, 0, shown.width, shown.height).data,
      );
      let different = 0;
      for (let i = 0; i < a.length; i += 4)
        if (Math.abs(a[i] - b[i]) + Math.abs(a[i + 1] - b[i + 1]) + Math.abs(a[i + 2] - b[i + 2]) > 48)
          ++different;
      return different / (a.length / 4);
    },
    at(id, "/desk/screen/screenshot"),
  );
}

/** A terminal on the desk that has the keyboard, placed so that (300, 300) lies in it. */
async function openTerminal(id) {
  await run(
    id,
    "(setsid xterm -xrm '*allowTitleOps: false' -T typing -geometry 100x30+100+100 >/dev/null 2>&1 &)\n" +
      "for try in $(seq 200); do xprop -id $(xprop -root _NET_ACTIVE_WINDOW | cut -d' ' -f5) WM_NAME 2>&1 | grep -q typing && break; sleep 0.05; done",
  );
  assert.match(
    await run(id, "xprop -id $(xprop -root _NET_ACTIVE_WINDOW | cut -d' ' -f5) WM_NAME"),
    /typing/,
  );
}

/** Keys of other layouts than Playwright's, which knows the American one. */
function pressForeign(page, letters) {
  return canvasOf(page).evaluate(
    (canvas, keys) => {
      for (const key of keys)
        for (const type of ["keydown", "keyup"])
          canvas.dispatchEvent(
            new KeyboardEvent(type, { key, code: "BracketLeft", bubbles: true, cancelable: true }),
          );
    },
    [...letters],
  );
}

const pointer = (id) => server.json("GET", at(id, "/desk/screen/cursor_position"));

describe("a first visit", () => {
  test("no key: the page says so and offers the scripted model, whose tour runs to its end", async (t) => {
    const page = await open(t);
    await page.getByTestId("key-banner").getByText("No model key").waitFor();
    await page.getByTestId("use-scripted").click();
    await stateIs(page, "viewing");
    const id = await page.evaluate(() => location.hash.slice(1));
    t.after(() => server.request("DELETE", at(id, "?purge=true")));
    assert.equal(await page.getByTestId("key-banner").count(), 0);
    await eventually("the desk's own picture", async () => (await difference(page, id)) < 0.01);
    const before = await desktopPicture(page);
    assert.equal(await page.getByTestId("message-input").inputValue(), "tour");
    await page.getByTestId("send").click();
    await turnIs(page, "completed", tourLimit);
    assert.equal(await page.locator("[data-testid=tool-call]:not([data-state=done])").count(), 0);
    assert.ok((await page.getByTestId("tool-call").count()) > 8);
    const pictures = page.getByTestId("tool-picture").locator("img");
    assert.ok((await pictures.count()) >= 4);
    await pictures.last().scrollIntoViewIfNeeded();
    await eventually("the last picture is drawn", () =>
      pictures.last().evaluate((image) => image.naturalWidth > 600),
    );
    assert.match(await page.getByTestId("conversation").innerText(), /That was the tour/);
    assert.notEqual(await desktopPicture(page), before);
    await eventually("what the desk shows now", async () => (await difference(page, id)) < 0.01);
    assert.equal(await run(id, "cat ~/tour/note.txt"), "written in the terminal");
  });

  test("two sessions made by clicking play their tours at once, each on its own desk", async (t) => {
    const page = await open(t);
    const first = await makeByClicking(t, page, "First");
    await say(page, "tour");
    await page.getByTestId("tool-call").first().waitFor();
    const second = await makeByClicking(t, page, "Second");
    assert.equal(await page.getByTestId("turn").count(), 0);
    await say(page, "tour");
    await row(page, "First").locator(".session-open").click();
    await turnIs(page, "completed", tourLimit);
    await row(page, "Second").locator(".session-open").click();
    await turnIs(page, "completed", tourLimit);
    for (const { id } of [first, second]) {
      assert.equal(await run(id, "cat ~/tour/note.txt"), "written in the terminal");
      await run(id, `echo ${id} > ~/mine`);
    }
    assert.equal(await run(first.id, "cat ~/mine"), first.id);
    assert.equal(await run(second.id, "cat ~/mine"), second.id);
    assert.notEqual(await run(first.id, "hostname"), await run(second.id, "hostname"));
  });
});

describe("the desktop", () => {
  test("in control, clicks and keys reach the desk; watching, they do not", async (t) => {
    const { page, id } = await clicked(t, "Hands");
    await openTerminal(id);
    const where = await pointer(id);
    await clickDesk(page, 300, 300);
    await page.getByText("You are watching.").waitFor();
    await page.keyboard.type("echo watched > ~/watched\n");
    await takeControl(page);
    assert.deepEqual(await pointer(id), where);
    await clickDesk(page, 300, 300);
    await eventually("the pointer", async () => {
      const { x, y } = await pointer(id);
      return Math.abs(x - 300) <= 2 && Math.abs(y - 300) <= 2;
    });
    await page.keyboard.type('echo "Typed: {a|b} ~ @ \\$" > ~/typed; echo Gr');
    await pressForeign(page, "üßéя");
    await page.keyboard.type(" >> ~/typed\n");
    await eventually("the typed file", async () => /Gr/.test(await run(id, "cat ~/typed 2>/dev/null")));
    assert.equal(await run(id, "cat ~/typed"), "Typed: {a|b} ~ @ $\nGrüßéя");
    assert.equal(await run(id, "ls ~/watched 2>/dev/null"), "");
    await page.getByTestId("control-toggle").click();
    await stateIs(page, "viewing");
    const released = await pointer(id);
    await clickDesk(page, 700, 500);
    await page.keyboard.type("rm ~/typed\n");
    // Whatever was sent before this answer would be seen by now: both ways go through the same display.
    await takeControl(page);
    assert.deepEqual(await pointer(id), released);
    assert.match(await run(id, "cat ~/typed"), /Typed/);
  });

  test("text goes to its clipboard and comes from it", async (t) => {
    const { page, id } = await clicked(t, "Clipboard");
    await takeControl(page);
    await run(id, "printf 'vom Schreibtisch: 你好' | xclip -selection clipboard >/dev/null 2>&1");
    await page.getByTestId("clipboard").click();
    const text = page.getByTestId("clipboard-text");
    await eventually("the desk's text", async () => (await text.inputValue()) === "vom Schreibtisch: 你好");
    await text.fill("zum Schreibtisch: Grüße ✓");
    await page.getByTestId("clipboard-send").click();
    await eventually(
      "the sent text",
      async () => (await run(id, "timeout 2 xclip -selection clipboard -o")) === "zum Schreibtisch: Grüße ✓",
    );
  });

  test("files go up and come down unchanged", async (t) => {
    const { page, id } = await clicked(t, "Files");
    const buffer = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 3));
    const name = "Bericht 你好.bin";
    await page.getByTestId("upload").setInputFiles({ name, mimeType: "application/octet-stream", buffer });
    await page.getByText(`${name} is in Downloads.`).waitFor();
    assert.equal(await run(id, `stat -c %s ~/Downloads/'${name}'`), String(buffer.length));
    await page.getByTestId("files").click();
    const arriving = page.waitForEvent("download");
    await page.getByTestId("files-panel").getByText(name).click();
    const download = await arriving;
    assert.equal(download.suggestedFilename(), name);
    const parts = [];
    for await (const part of await download.createReadStream()) parts.push(part);
    assert.ok(Buffer.concat(parts).equals(buffer));
  });

  test("a failed desk says why and offers a new one, which works", async (t) => {
    const { page, id, deskId } = await clicked(t, "Failing");
    await run(id, "echo gone > ~/gone");
    process.kill(identity(data, deskId).pid, "SIGKILL");
    const card = page.getByTestId("desk-failed");
    await card.waitFor();
    const { reason } = (await server.json("GET", at(id))).desk;
    assert.ok(reason.length > 10);
    assert.ok((await card.innerText()).includes(reason), `${await card.innerText()} tells ${reason}`);
    await page.getByTestId("renew-desk").click();
    await card.waitFor({ state: "detached" });
    await stateIs(page, "viewing");
    await eventually("the new desk's picture", async () => (await difference(page, id)) < 0.01);
    assert.equal(await run(id, "ls ~/gone 2>/dev/null"), "");
    await say(page, script(bash("echo renewed"), { text: "It works." }));
    await turnIs(page, "completed");
    await page.getByText("It works.", { exact: true }).waitFor();
  });

  test("/desk/{id} shows the desktop and nothing else, and with view_only gives no control", async (t) => {
    const { id } = await server.createSession();
    t.after(() => server.request("DELETE", at(id, "?purge=true")));
    const page = await open(t, `/desk/${id}`);
    await stateIs(page, "viewing");
    await eventually("the desk's picture", async () => (await difference(page, id)) < 0.01);
    for (const other of ["conversation", "session-item", "message-input"])
      assert.equal(await page.getByTestId(other).count(), 0);
    await takeControl(page);
    await clickDesk(page, 640, 300);
    await eventually("the pointer", async () => Math.abs((await pointer(id)).x - 640) <= 2);
    await page.goto(new URL(`/desk/${id}?view_only=1`, server.url).href);
    await stateIs(page, "viewing");
    assert.equal(await page.getByTestId("control-toggle").count(), 0);
  });
});

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
    await eventually("the stored title", async () => (await server.json("GET", at(id))).title === "Renamed");
    await page.reload();
    await row(page, "Renamed").hover();
    await row(page, "Renamed").getByTestId("delete-session").click();
    await page.getByTestId("confirm-delete").click();
    await row(page, "Renamed").waitFor({ state: "detached" });
    await eventually("its processes end", () => pids.every((pid) => !isAlive(pid)));
    await eventually("its files go", () => !existsSync(path.join(data, "desks", deskId)));
  });
});

test("the live desktop follows the screen's size", async (t) => {
  const { page, id } = await clicked(t, "another size");
  for (const [width, height] of [[800, 600], [1600, 900]]) {
    await desk(id, "screen/resize", { width, height });
    await eventually(`the viewer shows ${width}×${height}`, async () => {
      const size = await canvasOf(page).evaluate((canvas) => [canvas.width, canvas.height]);
      return size[0] === width && size[1] === height;
    });
    await eventually("it shows what the API shows", async () => (await difference(page, id)) < 0.01);
  }
});

// These two have servers of their own, since they stop them.

test("the server is killed and started again: the page comes back, and nothing is lost or doubled", async (t) => {
  await server.end();
  server = await Server.start();
  const { page, id, deskId } = await clicked(t, "Comes back");
  await say(page, script({ text: "Before.", ...bash("kept=yes; echo kept") }, { text: "Done before." }));
  await turnIs(page, "completed");
  await say(page, script({ text: "Cut off here.", ...bash("sleep 1000") }, { text: "Never said." }));
  await page.getByText("Cut off here.", { exact: true }).waitFor();
  await page.locator("[data-testid=tool-call][data-state=running]").waitFor();
  await server.stop("SIGKILL");
  await page.getByText("The server does not answer.").waitFor();
  server = await Server.start({ fresh: false, listen: new URL(server.url).host });
  await stateIs(page, "viewing");
  await page.getByText("The server does not answer.").waitFor({ state: "detached" });
  await turnIs(page, "interrupted");
  assert.equal((await server.json("GET", at(id))).desk.id, deskId);
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
  await server.end();
  const key = "a-key-for-this-test-0123456789abcdef";
  server = await Server.start({ env: { CARREL_TOKEN: key } });
  const headers = { authorization: `Bearer ${key}` };
  t.after(async () => {
    const { sessions } = (await server.request("GET", "/api/v1/sessions?limit=100", { headers })).body;
    for (const { id } of sessions) await server.request("DELETE", at(id, "?purge=true"), { headers });
    await server.stop();
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
