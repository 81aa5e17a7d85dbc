// The page in a real browser against the strict double of the server: what it shows, what it sends, and how it
// comes back from breaks. Needs web/dist, which `node web/build.mjs` makes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { desktopColour, desktopPicture, eventually } from "../lib/chromium.mjs";
import { another, onDouble, opened, scripted } from "../lib/double.mjs";
import { say, stateIs, turnIs } from "../lib/page.mjs";

onDouble();

describe("conversation", () => {
  test("without a key the page says so, and the tour runs to its end", async (t) => {
    const { page } = await scripted(t);
    assert.equal(await page.getByTestId("message-input").inputValue(), "tour");
    await page.getByTestId("send").click();
    await page.getByTestId("turn-usage").waitFor();
    assert.equal(await page.getByTestId("tool-call").count(), 7);
    assert.equal(await page.getByTestId("tool-picture").count(), 4);
    assert.match(await page.getByTestId("turn-usage").innerText(), /2k in · 25.3k cached · 486 out/);
  });

  test("a reload rebuilds what was there", async (t) => {
    const { page } = await scripted(t);
    await say(page, "tour");
    await turnIs(page, "completed");
    const before = await page.getByTestId("conversation").innerText();
    await page.reload();
    await turnIs(page, "completed");
    assert.equal(await page.getByTestId("conversation").innerText(), before);
  });

  test("a reload in the middle of a turn misses nothing and repeats nothing", async (t) => {
    const { page } = await scripted(t, { pace: 30 });
    await say(page, "tour");
    await page.getByTestId("tool-call").nth(1).waitFor();
    await page.reload();
    await turnIs(page, "completed");
    assert.equal(await page.getByTestId("tool-call").count(), 7);
    assert.equal(
      await page
        .getByText("I'll look at the screen, then open the page.", {
          exact: true,
        })
        .count(),
      1,
    );
  });

  test("a stream that breaks goes on where it was", async (t) => {
    const { page, server } = await scripted(t, { pace: 30 });
    await say(page, "tour");
    await page.getByTestId("tool-call").nth(1).waitFor();
    server.dropStreams();
    await turnIs(page, "completed");
    assert.equal(await page.getByTestId("tool-call").count(), 7);
  });

  test("text of a model is never markup", async (t) => {
    const { page } = await scripted(t);
    await say(page, "tour");
    await turnIs(page, "completed");
    assert.match(await page.getByTestId("conversation").innerText(), /<script>alert\(1\)<\/script>/);
    assert.equal(await page.locator("#app script").count(), 0);
  });

  test("a turn can be cancelled", async (t) => {
    const { page } = await scripted(t, { pace: 50 });
    await say(page, "long");
    await page.getByTestId("cancel").click();
    await turnIs(page, "cancelled");
    await page.getByTestId("cancel").waitFor({ state: "detached" });
  });

  test("an error is shown, and no longer that it is tried again", async (t) => {
    const { page } = await scripted(t);
    await say(page, "error");
    await turnIs(page, "error");
    assert.equal(await page.getByTestId("status-line").count(), 0);
    assert.match(await page.getByTestId("turn-error").innerText(), /invalid x-api-key/);
  });

  test("a picture is enlarged, and the arrow keys go through the others", async (t) => {
    const { page } = await scripted(t);
    await say(page, "tour");
    await turnIs(page, "completed");
    await page.getByTestId("tool-picture").first().click();
    const box = page.getByTestId("lightbox");
    await box.getByText("1 of 4").waitFor();
    await page.keyboard.press("ArrowRight");
    await box.getByText("2 of 4").waitFor();
    await page.keyboard.press("Escape");
    await box.waitFor({ state: "detached" });
  });

  test("the end is followed until someone scrolls up", async (t) => {
    const { page } = await scripted(t, { pace: 5 });
    await say(page, "long");
    const log = page.getByTestId("conversation");
    const distance = () => log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
    await eventually("more than fits", () => log.evaluate((box) => box.scrollHeight > box.clientHeight * 2));
    await eventually("the end is followed", async () => (await distance()) < 60);
    await log.evaluate((box) => void (box.scrollTop = 0));
    await page.getByText("Newest").click();
    await eventually("back at the end", async () => (await distance()) < 60);
    await page.getByTestId("cancel").click();
    await turnIs(page, "cancelled");
  });
});

describe("desktop", () => {
  test("its pixels appear, and change with the desk", async (t) => {
    const { page } = await scripted(t);
    await eventually(
      "the panel's pixels",
      async () => (await desktopColour(page, 0.5, 0.99)).join() === "32,38,36",
    );
    const before = await desktopPicture(page);
    await say(page, "tour");
    await turnIs(page, "completed");
    await eventually("another picture", async () => (await desktopPicture(page)) !== before);
  });

  test("who only watches sends neither keys nor pointer; who is in control sends both", async (t) => {
    const { page, server, id } = await scripted(t);
    const canvas = page.getByTestId("desktop").locator("canvas");
    await canvas.click();
    await page.keyboard.type("quiet");
    await page.getByTestId("control-toggle").click();
    await stateIs(page, "control");
    assert.deepEqual(server.desk(id).record, []);
    const { width, height } = await canvas.boundingBox();
    await canvas.click({ position: { x: width / 2, y: height / 4 } });
    await page.keyboard.type("hi");
    const { record } = server.desk(id);
    await eventually(
      "the keys",
      () => record.filter(({ kind, down }) => kind === "key" && down).length === 2,
    );
    assert.deepEqual(
      record.filter(({ kind, down }) => kind === "key" && down).map(({ keysym }) => keysym),
      [0x68, 0x69],
    );
    const press = record.find(({ kind, buttons }) => kind === "pointer" && buttons === 1);
    assert.ok(Math.abs(press.x - 640) <= 2 && Math.abs(press.y - 200) <= 2, JSON.stringify(press));
    await page.getByTestId("control-toggle").click();
    await stateIs(page, "viewing");
  });

  test("a viewer that loses its connection comes back", async (t) => {
    const { page, server } = await scripted(t);
    const next = page.waitForEvent("websocket");
    server.dropViewers();
    await next;
    await stateIs(page, "viewing");
  });

  test("a failed desk says why, and a new one takes its place", async (t) => {
    const { page, server, id } = await scripted(t);
    server.setDesk(id, "failed", "openbox ended 5 times within a minute");
    const card = page.getByTestId("desk-failed");
    await card.waitFor();
    assert.match(await card.innerText(), /openbox ended 5 times within a minute/);
    await page.getByTestId("renew-desk").click();
    await stateIs(page, "viewing");
    await page.getByText("A new desk is ready.").waitFor();
  });

  test("a desk that is starting says so and comes by itself; one that does not answer can be given up", async (t) => {
    const { page, server, id } = await scripted(t);
    server.setDesk(id, "starting");
    await stateIs(page, "starting");
    const cover = page.getByTestId("desk-starting");
    assert.equal((await cover.innerText()).trim(), "Starting the desk");
    await page.reload();
    await stateIs(page, "starting");
    await say(page, "tour");
    await page.getByRole("alert").getByText("starting").waitFor();
    assert.equal(await page.getByTestId("message-input").inputValue(), "tour");
    server.setDesk(id, "starting", "it has not answered for 5 s");
    await cover.getByText("it has not answered for 5 s").waitFor();
    server.setDesk(id, "ready");
    await stateIs(page, "viewing");
    assert.equal(await page.getByText("A new desk is ready.").count(), 0);
    server.setDesk(id, "starting", "it has not answered for 5 s");
    await page.getByTestId("renew-desk").click();
    await stateIs(page, "viewing");
    await page.goto(`${server.url}/desk/${id}`);
    await stateIs(page, "viewing");
    server.setDesk(id, "starting");
    server.dropViewers();
    await stateIs(page, "starting");
    server.setDesk(id, "ready");
    await stateIs(page, "viewing");
  });

  test("what goes to one desk is not told over another", async (t) => {
    const { page } = await scripted(t);
    let answer;
    const held = new Promise((resolve) => (answer = resolve));
    await page.route(/file\/upload$/, async (route) => (await held, route.continue()));
    await page
      .getByTestId("upload")
      .setInputFiles({ name: "slow.txt", mimeType: "text/plain", buffer: Buffer.from("x") });
    await page.getByText("slow.txt").waitFor();
    await page.getByTestId("new-session").click();
    await page.locator("input[name=title]").fill("Another");
    await page.getByTestId("create-session").click();
    await page.getByTestId("new-session-dialog").waitFor({ state: "detached" });
    await stateIs(page, "viewing");
    assert.equal(await page.getByText("slow.txt").count(), 0);
    answer();
    await page.getByText("slow.txt is in Downloads.").waitFor();
  });

  test("Ctrl+F6 leads out of a desktop that takes all other keys", async (t) => {
    const { page } = await scripted(t);
    await page.getByTestId("control-toggle").click();
    await stateIs(page, "control");
    await page.getByTestId("desktop").locator("canvas").click();
    await page.keyboard.press("Control+F6");
    await eventually("the focus", () =>
      page.evaluate(() => document.activeElement?.dataset.testid === "message-input"),
    );
  });

  test("text goes to the desk's clipboard and comes from it", async (t) => {
    const { page, server, id } = await scripted(t);
    await page.getByTestId("control-toggle").click();
    await stateIs(page, "control");
    server.desk(id).cutters.forEach((cut) => cut("from the desk"));
    await page.getByTestId("clipboard").click();
    const text = page.getByTestId("clipboard-text");
    await eventually("the desk's text", async () => (await text.inputValue()) === "from the desk");
    await text.fill("to the desk");
    await page.getByTestId("clipboard-send").click();
    await eventually("the sent text", () =>
      server.desk(id).record.some((entry) => entry.kind === "cut" && entry.text === "to the desk"),
    );
  });

  test("files go up and come down", async (t) => {
    const { page, server, id } = await scripted(t);
    const buffer = Buffer.from("some bytes");
    await page.getByTestId("upload").setInputFiles({ name: "report.txt", mimeType: "text/plain", buffer });
    await eventually("the file", () =>
      server.sessions.get(id).files.get("/home/agent/Downloads/report.txt")?.equals(buffer),
    );
    await page.getByTestId("files").click();
    const arriving = page.waitForEvent("download");
    await page.getByTestId("files-panel").getByText("report.txt").click();
    const parts = [];
    for await (const part of await (await arriving).createReadStream()) parts.push(part);
    assert.ok(Buffer.concat(parts).equals(buffer));
  });

  test("files that are dropped on it are uploaded", async (t) => {
    const { page, server, id } = await scripted(t);
    await page.getByTestId("desktop").evaluate((target) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["dropped"], "drop.txt"));
      for (const type of ["dragover", "drop"])
        target.dispatchEvent(
          new DragEvent(type, {
            dataTransfer,
            bubbles: true,
            cancelable: true,
          }),
        );
    });
    await eventually("the file", () => server.sessions.get(id).files.has("/home/agent/Downloads/drop.txt"));
  });

  test("the page of one desktop shows it, and with view_only offers no control", async (t) => {
    const { server, id } = await scripted(t);
    const alone = await another(t, `${server.url}/desk/${id}?view_only=1`);
    await stateIs(alone, "viewing");
    assert.equal(await alone.getByTestId("control-toggle").count(), 0);
    assert.equal(await alone.getByTestId("conversation").count(), 0);
    await alone.goto(`${server.url}/desk/sess_000000000000`);
    await alone.getByText("There is no session with this id").waitFor();
  });
});

describe("sessions", () => {
  test("one is made with title and network, renamed and deleted", async (t) => {
    const { page, server } = await scripted(t);
    await page.getByTestId("new-session").click();
    await page.locator("input[name=title]").fill("Offline work");
    await page.locator("input[name=network][value=none]").check();
    await page.getByTestId("create-session").click();
    await page.getByText("No network").waitFor({ state: "attached" });
    const item = page.getByTestId("session-item").filter({ hasText: "Offline work" });
    await item.getByTestId("rename-session").click();
    await page.getByTestId("rename-input").fill("Quiet work");
    await page.keyboard.press("Enter");
    const renamed = page.getByTestId("session-item").filter({ hasText: "Quiet work" });
    await eventually("the new title", () =>
      [...server.sessions.values()].some(({ title }) => title === "Quiet work"),
    );
    await renamed.getByTestId("delete-session").click();
    await page.getByTestId("confirm-delete").click();
    await renamed.waitFor({ state: "detached" });
    assert.equal(await page.getByTestId("session-item").count(), 1);
  });

  test("a dialog that was opened before the server's answers takes them over", async (t) => {
    const { server, page } = await opened(t, {}, {}, "/favicon.svg");
    let answer;
    const asked = new Promise((resolve) => (answer = resolve));
    await page.route(/api\/v1\/config$/, async (route) => (await asked, route.continue()));
    await page.goto(server.url);
    await page.getByTestId("new-session").click();
    await page.locator("select[name=provider]").waitFor();
    answer();
    await eventually(
      "the provider that needs no key",
      async () => (await page.locator("select[name=provider]").inputValue()) === "scripted",
    );
    assert.ok(await page.locator("input[name=network][value=internet]").isChecked());
  });

  test("a refused message keeps its text and says why", async (t) => {
    const { page, server } = await scripted(t);
    // Not before: the page would see it in its list, and send nothing.
    await page.route(/\/messages$/, (route) => {
      [...server.sessions.values()][0].busy = true;
      return route.continue();
    });
    await say(page, "tour");
    await page.getByRole("alert").getByText("already works").waitFor();
    assert.equal(await page.getByTestId("message-input").inputValue(), "tour");
  });

  test("a pasted key ends the banner", async (t) => {
    const { page } = await scripted(t);
    await page.getByTestId("new-session").click();
    await page.locator("select[name=provider]").selectOption("anthropic");
    await page.getByTestId("create-session").click();
    await page.getByTestId("key-banner").getByText("Paste a key").click();
    await page.getByTestId("key-dialog").locator("input").fill("sk-ant-test");
    await page.keyboard.press("Enter");
    await page.getByTestId("key-banner").waitFor({ state: "detached" });
    assert.doesNotMatch(await page.content(), /sk-ant-test/);
  });

  test("a server with a key asks for it first", async (t) => {
    const { page } = await opened(t, { key: "right" });
    const field = page.getByTestId("login").locator("input");
    await field.fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("not known").waitFor();
    await field.fill("right");
    await page.keyboard.press("Enter");
    await page.getByTestId("new-session").waitFor();
  });

  test("on a phone the panels are tabs and nothing is wider than the screen", async (t) => {
    const { page } = await scripted(
      t,
      {},
      { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true },
    );
    for (const [tab, shown] of [
      ["sessions", "session-item"],
      ["desktop", "desktop"],
      ["chat", "message-input"],
    ]) {
      await page.getByTestId(`tab-${tab}`).click();
      await page.getByTestId(shown).first().waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    }
  });
});
