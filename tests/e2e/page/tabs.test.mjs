// Many tabs of one browser, and tabs that nobody sees, against a strict stand-in for the server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startPageServer } from "../../doubles/page_server.mjs";
import { eventually, launchBrowser, openPage } from "../lib/chromium.mjs";
import { row, say, setSeen, stateIs, turnIs } from "../lib/page.mjs";

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

/** A server with so many sessions, and a first page; `open` gives more tabs of the same browser. */
async function many(t, count, prepare = () => {}, options = {}) {
  const server = await startPageServer({ pace: 5, ...options });
  const ids = [];
  for (let at = 0; at < count; ++at) {
    const answer = await fetch(`${server.url}/api/v1/sessions`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ provider: "scripted", title: `Work ${at}` }),
    });
    ids.push((await answer.json()).id);
  }
  const first = await openPage(browser, "about:blank");
  const context = first.context();
  await prepare(context);
  t.after(async () => {
    await context.close();
    await server.close();
    assert.deepEqual(first.complaints, []);
  });
  const open = async (id, page) => {
    page ??= await context.newPage();
    await page.goto(`${server.url}/#${id}`);
    await stateIs(page, "viewing");
    return page;
  };
  return { server, ids, open, first };
}

describe("eight tabs of one browser", () => {
  test("each sends its message and sees the answer, over one stream", async (t) => {
    const { server, ids, open, first } = await many(t, 8);
    const pages = [];
    for (const id of ids) pages.push(await open(id, pages.length === 0 ? first : undefined));
    for (const page of pages) {
      await say(page, "error");
      await turnIs(page, "error");
      assert.equal(await page.getByTestId("user-message").count(), 1);
    }
    // One that was left may be ending still.
    await eventually("one stream", () => server.streamCount() === 1);
    for (const page of pages) await turnIs(page, "error");
  });

  test("on one session all see the same, and one that is closed takes nothing with it", async (t) => {
    const { server, ids, open, first } = await many(t, 1);
    const pages = [first];
    await open(ids[0], first);
    for (let at = 1; at < 8; ++at) pages.push(await open(ids[0]));
    await say(first, "error");
    for (const page of pages) await turnIs(page, "error");
    await first.goto("about:blank");
    await say(pages[7], "error");
    for (const page of pages.slice(1)) {
      await eventually("the second turn", async () => (await page.getByTestId("turn").count()) === 2);
      await turnIs(page, "error");
      assert.equal(await page.getByTestId("user-message").count(), 2);
    }
    // A stream that was left may still be ending.
    await eventually("one stream", () => server.streamCount() === 1);
  });
});

test("a tab that nobody sees follows nothing, and has it all when it is seen again", async (t) => {
  const { server, ids, open, first } = await many(t, 1);
  await open(ids[0], first);
  await eventually("its stream", () => server.streamCount() === 1);
  await setSeen(first, false);
  await eventually("no stream", () => server.streamCount() === 0);
  const other = await open(ids[0]);
  for (let at = 0; at < 3; ++at) {
    await say(other, "error");
    await eventually("a turn", async () => (await other.getByTestId("turn").count()) === at + 1);
    await turnIs(other, "error");
  }
  assert.equal(await first.getByTestId("turn").count(), 0);
  await setSeen(first, true);
  await eventually("the turns", async () => (await first.getByTestId("turn").count()) === 3);
  await say(first, "error");
  await eventually("a fourth", async () => (await first.getByTestId("turn").count()) === 4);
  await turnIs(first, "error");
  // Either may still be a step behind the other.
  const conversation = (page) => page.getByTestId("conversation").innerText();
  await eventually("the same", async () => (await conversation(first)) === (await conversation(other)));
});

test("a tab that is left while the agent works tells the turn's end in its title, then rests", async (t) => {
  const { server, ids, open, first } = await many(t, 1);
  await open(ids[0], first);
  await say(first, "long");
  await eventually("its title", async () => (await first.title()).startsWith("●"));
  await setSeen(first, false);
  await fetch(`${server.url}/api/v1/sessions/${ids[0]}/cancel`, {
    method: "POST",
  });
  await eventually("its title", async () => !(await first.title()).startsWith("●"));
  await eventually("no stream", () => server.streamCount() === 0);
});

test("without shared workers each tab has a stream of its own, and none while nobody sees it", async (t) => {
  const { server, ids, open, first } = await many(t, 2, (context) =>
    context.addInitScript(() => delete globalThis.SharedWorker),
  );
  await open(ids[0], first);
  const second = await open(ids[1]);
  await eventually("two streams", () => server.streamCount() === 2);
  await say(first, "error");
  await turnIs(first, "error");
  await setSeen(second, false);
  await eventually("one stream", () => server.streamCount() === 1);
  await say(first, "long");
  await setSeen(first, false);
  await eventually("no stream", () => server.streamCount() === 0);
  await setSeen(first, true);
  await first.getByTestId("cancel").click();
  await turnIs(first, "cancelled");
});

test("a shared worker that cannot be had is done without", async (t) => {
  const { server, ids, open, first } = await many(t, 1, () => {}, {
    missing: ["/stream.js"],
  });
  await open(ids[0], first);
  await eventually("its stream", () => server.streamCount() === 1);
  await say(first, "error");
  await turnIs(first, "error");
  server.dropStreams();
  await say(first, "tour");
  await turnIs(first, "completed");
});

describe("drafts", () => {
  test("belong to their session, whenever the answer to a message comes", async (t) => {
    const { ids, open, first: page } = await many(t, 2);
    await open(ids[0], page);
    let answer;
    const held = new Promise((resolve) => (answer = resolve));
    await page.route(/\/messages$/, async (route) => (await held, route.continue()));
    const input = page.getByTestId("message-input");
    const show = (at) => row(page, `Work ${at}`).locator(".session-open").click();
    await show(1);
    await input.fill("for later");
    await show(0);
    await say(page, "error");
    await show(1);
    assert.equal(await input.inputValue(), "for later");
    await show(0);
    assert.ok(await page.getByTestId("send").isDisabled());
    await show(1);
    answer();
    await show(0);
    await turnIs(page, "error");
    await eventually("nothing more to send", async () => (await input.inputValue()) === "");
    await show(1);
    assert.equal(await input.inputValue(), "for later");
  });

  test("a message that is refused comes back to its own session, with its name", async (t) => {
    const { server, ids, open, first: page } = await many(t, 2);
    await open(ids[0], page);
    const input = page.getByTestId("message-input");
    let answer;
    const held = new Promise((resolve) => (answer = resolve));
    await page.route(/\/messages$/, async (route) => (await held, route.continue()));
    await say(page, "do this");
    server.sessions.get(ids[0]).busy = true;
    await row(page, "Work 1").locator(".session-open").click();
    answer();
    await page.getByRole("alert").getByText("Not sent to “Work 0”").waitFor();
    assert.equal(await input.inputValue(), "");
    await row(page, "Work 0").locator(".session-open").click();
    assert.equal(await input.inputValue(), "do this");
  });

  test("outlive a reload, in their own tab only", async (t) => {
    const { ids, open, first: page } = await many(t, 1);
    await open(ids[0], page);
    await page.getByTestId("message-input").fill("half a thought");
    await page.reload();
    await stateIs(page, "viewing");
    assert.equal(await page.getByTestId("message-input").inputValue(), "half a thought");
    const other = await open(ids[0]);
    assert.equal(await other.getByTestId("message-input").inputValue(), "");
  });
});

test("what is open of one session is not shown over another", async (t) => {
  const { server, ids, open, first: page } = await many(t, 2);
  await open(ids[0], page);
  await say(page, "tour");
  await turnIs(page, "completed");
  await page.getByTestId("control-toggle").click();
  await stateIs(page, "control");
  await page.getByTestId("clipboard").click();
  await page.getByTestId("clipboard-text").fill("for the first desk");
  await page.evaluate((id) => void (location.hash = id), ids[1]);
  await stateIs(page, "viewing");
  assert.equal(await page.getByTestId("clipboard-text").inputValue(), "");
  await open(ids[0], page);
  await page.getByTestId("tool-picture").first().click();
  await page.getByTestId("lightbox").waitFor();
  server.sessions.get(ids[0]).status = "archived";
  await page.getByTestId("lightbox").waitFor({ state: "detached" });
});

test("the page of a desktop that there is not asks once", async (t) => {
  const { server, first: page } = await many(t, 1);
  await page.clock.install();
  await page.goto(`${server.url}/desk/sess_000000000000`);
  await page.getByText("There is no session with this id").waitFor();
  await page.clock.runFor(20_000);
  assert.equal(server.asked.filter((call) => call.includes("sess_000000000000")).length, 1);
});

test("the browser asks before a reload that would cut an upload off", async (t) => {
  const { ids, open, first: page } = await many(t, 1);
  await open(ids[0], page);
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  await page.route(/file\/upload$/, async (route) => (await held, route.continue()));
  const file = {
    name: "slow.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("x"),
  };
  await page.getByTestId("upload").setInputFiles(file);
  await page.getByText("slow.txt").waitFor();
  const asked = page.waitForEvent("dialog");
  const reload = page.reload().catch(() => "stayed");
  const dialog = await asked;
  assert.equal(dialog.type(), "beforeunload");
  await dialog.dismiss();
  answer();
  await page.getByText("slow.txt is in Downloads.").waitFor();
  void reload;
});

test("nothing that the page asks again and again brings a conversation with it", async (t) => {
  const { server, ids, open, first: page } = await many(t, 1);
  await page.clock.install();
  await page.goto(`${server.url}/desk/${ids[0]}`);
  await stateIs(page, "viewing");
  const looks = () => server.asked.filter((call) => call.startsWith(`GET /api/v1/sessions/${ids[0]}`));
  const before = looks().length;
  await page.clock.runFor(9000);
  await eventually("two looks", () => looks().length >= before + 2);
  await open(ids[0], page);
  server.dropViewers();
  await eventually("a look after a break", () => looks().length > before + 2);
  assert.deepEqual(
    looks().filter((call) => !/messages=false|\/events|\/usage$/.test(call)),
    [],
  );
});
