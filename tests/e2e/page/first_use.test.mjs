// What people meet who use the page for the first time, in a real browser against the strict double of the server.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../lib/chromium.mjs";
import { another, onDouble, opened, scripted } from "../lib/double.mjs";
import { row, say, stateIs, turnIs } from "../lib/page.mjs";

onDouble();

const focused = (page) =>
  page.evaluate(() => {
    const { dataset, textContent } = document.activeElement;
    return dataset.testid ?? textContent.trim().slice(0, 40);
  });

/** Makes a session by clicking. */
async function make(page, title, provider = "scripted") {
  await page.getByTestId("new-session").click();
  await page.locator("input[name=title]").fill(title);
  await page.locator("select[name=provider]").selectOption(provider);
  await page.getByTestId("create-session").click();
  await page.getByTestId("new-session-dialog").waitFor({ state: "detached" });
}

describe("the conversation", () => {
  test("pictures that are the same are told apart, each with its own words", async (t) => {
    const { page } = await scripted(t);
    await say(page, "twins");
    await turnIs(page, "completed");
    const pictures = page.getByTestId("tool-picture");
    const sources = await pictures.locator("img").evaluateAll((all) => all.map(({ src }) => src));
    assert.equal(sources.length, 3);
    assert.equal(new Set(sources).size, 1);
    await pictures.last().click();
    const box = page.getByTestId("lightbox");
    for (const [key, words, place] of [
      [undefined, "Type three", "3 of 3"],
      ["ArrowLeft", "Type two", "2 of 3"],
      ["ArrowLeft", "Type one", "1 of 3"],
      ["ArrowLeft", "Type one", "1 of 3"],
      ["ArrowRight", "Type two", "2 of 3"],
    ]) {
      if (key) await page.keyboard.press(key);
      await box.getByText(place).waitFor();
      assert.equal(await box.getByRole("heading").innerText(), words);
    }
  });

  test("a model's words are a document, also while they come; what could act is text", async (t) => {
    const { page } = await scripted(t, { pace: 30 });
    await say(page, "words");
    const words = page.locator(".words");
    const facts = () =>
      words.evaluate((box) => ({
        all: [...box.querySelectorAll("*")].map(({ localName }) => localName),
        links: [...box.querySelectorAll("a")].map((link) => [
          link.href,
          link.target,
          link.rel,
          link.innerText,
        ]),
        text: box.innerText,
      }));
    await words.locator("table").waitFor();
    assert.equal(await page.getByTestId("turn").last().getAttribute("data-status"), "running");
    await words.locator("h4").evaluate((title) => getSelection().selectAllChildren(title));
    await turnIs(page, "completed");
    assert.equal(await page.evaluate(() => getSelection().toString()), "What I found");
    const { all, links, text } = await facts();
    for (const name of ["h4", "ol", "ul", "table", "th", "td", "blockquote", "pre", "strong", "em", "code"])
      assert.ok(all.includes(name), name);
    for (const name of ["img", "script", "b", "iframe", "form"]) assert.ok(!all.includes(name), name);
    assert.deepEqual(links, [
      ["https://example.org/manual?a=1", "_blank", "noopener", "the manual"],
      ["https://example.org/bare", "_blank", "noopener", "https://example.org/bare"],
      ["https://example.org/p.png", "_blank", "noopener", "a picture"],
    ]);
    assert.match(text, /\[run\]\(javascript:alert\(1\)\)/);
    assert.match(text, /<img src=x onerror="document.title='bad'"> <b>bold<\/b>/);
    await page.reload();
    await turnIs(page, "completed");
    assert.deepEqual(await facts(), { all, links, text });
    assert.doesNotMatch(await page.title(), /bad/);
  });

  test("the tour's chip writes the word, and the next key goes on there", async (t) => {
    const { page } = await scripted(t);
    await page.getByTestId("message-input").fill("");
    await page.getByTestId("control-toggle").focus();
    await page.getByRole("button", { name: "tour", exact: true }).click();
    assert.equal(await page.getByTestId("message-input").inputValue(), "tour");
    await eventually("the focus", async () => (await focused(page)) === "message-input");
    await page.keyboard.press("Enter");
    await turnIs(page, "completed");
  });
});

describe("the desktop", () => {
  test("it is viewed live from its first picture on, not from the connection on", async (t) => {
    const { page, server, id } = await scripted(t);
    server.hold(id, true);
    // There is none before the loss of the other was noticed.
    const next = page.waitForEvent("websocket");
    server.dropViewers();
    const viewer = await next;
    // The desk's size comes with the connection, and its picture is asked for then.
    let asked = 0;
    viewer.on("framesent", () => ++asked);
    await eventually("the connection", () => asked >= 5);
    for (let look = 0; look < 20; ++look) {
      assert.equal(await page.getByTestId("desktop-state").getAttribute("data-state"), "connecting");
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    server.hold(id, false);
    await stateIs(page, "viewing");
  });

  test("who is in control is told of the agent, and of others who are", async (t) => {
    const { page, server, id } = await scripted(t, { pace: 20 });
    const note = page.getByTestId("control-note");
    await page.getByTestId("control-toggle").click();
    await stateIs(page, "control");
    assert.equal(await note.isVisible(), false);
    const other = await another(t, `${server.url}/#${id}`);
    await stateIs(other, "viewing");
    await other.getByText("One other viewer is in control of this desk.").waitFor();
    await other.getByTestId("control-toggle").click();
    for (const each of [page, other]) await each.getByText("One other viewer is in control, too").waitFor();
    await say(other, "long");
    await page.getByText("The agent goes on, and one other viewer is in control, too").waitFor();
    await page.getByTestId("control-toggle").click();
    await other.getByText("The agent goes on: what it and you").waitFor();
    await other.getByTestId("cancel").click();
    await eventually(
      "no word of anybody",
      async () => !(await other.getByTestId("control-note").isVisible()),
    );
    await page.getByText("One other viewer is in control of this desk.").waitFor();
  });

  test("an address that only views offers nothing that changes the desk", async (t) => {
    const { server, page, id } = await scripted(t);
    server.desk(id).copied = "copied before";
    await page.goto(`${server.url}/desk/${id}?view_only=1`);
    await stateIs(page, "viewing");
    for (const name of ["upload", "control-toggle"])
      assert.equal(await page.getByTestId(name).count(), 0, name);
    await page.getByTestId("clipboard").click();
    const panel = page.getByTestId("clipboard-panel");
    await eventually(
      "what is copied",
      async () => (await panel.getByTestId("clipboard-text").inputValue()) === "copied before",
    );
    assert.equal(await panel.getByTestId("clipboard-text").isEditable(), false);
    assert.deepEqual(await panel.getByRole("button").allInnerTexts(), ["Copy"]);
    await page.getByTestId("files").click();
    await page.getByTestId("files-panel").getByText("readme.txt").waitFor();
    await page.getByTestId("desktop").evaluate((target) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["dropped"], "drop.txt"));
      for (const type of ["dragover", "drop"])
        target.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    });
    assert.equal(server.asked.filter((call) => call.includes("upload")).length, 0);
    await page.goto(`${server.url}/desk/${id}`);
    await page.getByTestId("upload").waitFor({ state: "attached" });
  });

  test("a second tab knows what the desk's clipboard has", async (t) => {
    const { page, server, id } = await scripted(t);
    server.desk(id).copied = "copied before: Grüße";
    await page.getByTestId("clipboard").click();
    const text = page.getByTestId("clipboard-text");
    await eventually("the text", async () => (await text.inputValue()) === "copied before: Grüße");
    await page.getByTestId("control-toggle").click();
    await stateIs(page, "control");
    server.desk(id).copied = "copied now";
    server.desk(id).cutters.forEach((cut) => cut("copied now"));
    await page.getByTestId("clipboard").click();
    await eventually("what came later", async () => (await text.inputValue()) === "copied now");
  });

  for (const [where, viewport] of [
    ["a wide screen", { width: 1280, height: 720 }],
    ["a phone", { width: 390, height: 780 }],
  ])
    test(`a word about an upload does not lie over the desk's files, on ${where}`, async (t) => {
      const { page, server, id } = await scripted(t, {}, { viewport });
      if (viewport.width < 900) await page.getByTestId("tab-desktop").click();
      for (let at = 0; at < 12; ++at)
        server.sessions.get(id).files.set(`/home/agent/Downloads/${at}.txt`, Buffer.from("x"));
      await page.getByTestId("files").click();
      await page.getByTestId("files-panel").getByText("readme.txt").waitFor();
      await page
        .getByTestId("upload")
        .setInputFiles({ name: "new.txt", mimeType: "text/plain", buffer: Buffer.from("x") });
      const word = page.getByText("new.txt is in Downloads.");
      await word.waitFor();
      const [above, below] = [await page.getByTestId("files-panel").boundingBox(), await word.boundingBox()];
      assert.ok(below.y >= above.y + above.height, JSON.stringify({ above, below }));
    });

  test("nothing of a failed desk stays when a new one is there", async (t) => {
    const { page, server, id } = await scripted(t);
    server.setDesk(id, "failed", "it ended");
    await page.getByTestId("desk-failed").waitFor();
    await page.getByTestId("session-item").and(page.locator("[data-state=failed]")).waitFor();
    await page.route(/\/messages$/, (route) =>
      route.fulfill({ status: 409, contentType: "application/json", body: '{"detail":"the desk failed"}' }),
    );
    await say(page, "tour");
    await page.locator(".toast").getByText("the desk failed").waitFor();
    await page.getByTestId("renew-desk").click();
    await stateIs(page, "viewing");
    assert.equal(await page.locator(".toast").count(), 0);
    await page.getByText("A new desk is ready.").waitFor();
    assert.equal(await page.getByTestId("desk-failed").count(), 0);
    assert.equal(await page.getByTestId("session-item").getAttribute("data-state"), "ready");
    assert.equal(await page.getByRole("alert").count(), 0);
    assert.equal(await page.locator(".notice.error").count(), 0);
    assert.match(await page.getByTestId("notice").first().innerText(), /The desk failed: it ended/);
  });
});

describe("sessions", () => {
  test("a key can be given while no session needs one, and a choice without a key says so", async (t) => {
    const { page } = await scripted(t);
    const line = page.getByTestId("key-line");
    assert.match(await line.innerText(), /No key for Anthropic/);
    await page.getByTestId("new-session").click();
    const hint = page.getByTestId("key-hint");
    assert.equal(await hint.count(), 0);
    await page.locator("select[name=provider]").selectOption("anthropic");
    assert.match(await hint.innerText(), /There is no key for Anthropic/);
    await hint.getByRole("button").click();
    await page.getByTestId("key-dialog").locator("input").fill("sk-ant-test");
    await page.keyboard.press("Enter");
    await hint.waitFor({ state: "detached" });
    await page.getByTestId("create-session").click();
    await page.getByTestId("new-session-dialog").waitFor({ state: "detached" });
    assert.equal(await page.getByTestId("key-banner").count(), 0);
    await line.getByText("Key for Anthropic").waitFor();
    await line.getByRole("button", { name: "Forget" }).click();
    await line.getByRole("button", { name: "Paste" }).waitFor();
    await page.getByTestId("key-banner").waitFor();
  });

  test("deleting says what becomes of the conversation, and asks for nothing that is gone", async (t) => {
    const { page, server, id } = await scripted(t);
    const missed = [];
    page.on("response", (answer) => answer.status() === 404 && missed.push(answer.url()));
    await make(page, "Second");
    await stateIs(page, "viewing");
    const second = await page.evaluate(() => location.hash.slice(1));
    for (const [title, gone, purge] of [
      ["Second", second, false],
      ["Tour of a desk", id, true],
    ]) {
      await row(page, title).hover();
      await row(page, title).getByTestId("delete-session").click();
      const dialog = page.getByTestId("delete-dialog");
      await dialog.getByText("Its conversation is kept on the server").waitFor();
      if (purge) {
        await dialog.getByTestId("purge").check();
        await dialog.getByText("So is its conversation").waitFor();
      }
      await page.getByTestId("confirm-delete").click();
      await row(page, title).waitFor({ state: "detached" });
      assert.equal(server.sessions.has(gone), !purge);
    }
    await page.getByText("No sessions yet.").waitFor();
    // Whatever was asked behind the deletion is answered before what is asked now.
    const before = server.asked.length;
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await eventually("one more look", () => server.asked.length > before);
    assert.deepEqual(missed, []);
  });

  test("a session that could not be deleted is there as before", async (t) => {
    const { page, server, id } = await scripted(t);
    await page.route(/\/sessions\/[^/]+$/, (route) =>
      route.request().method() === "DELETE"
        ? route.fulfill({ status: 503, contentType: "application/json", body: '{"detail":"not now"}' })
        : route.continue(),
    );
    await row(page, "Tour").hover();
    await row(page, "Tour").getByTestId("delete-session").click();
    await page.getByTestId("confirm-delete").click();
    await page.getByRole("alert").getByText("not now").waitFor();
    await stateIs(page, "viewing");
    server.emit(id, "text", { content: "Still here." });
    await page.getByText("Still here.").waitFor();
  });

  test("the list is one stop of the Tab key, and the arrow keys lead through it", async (t) => {
    const { page } = await scripted(t);
    await make(page, "Second");
    await make(page, "Third");
    assert.deepEqual(await page.getByTestId("session-title").allInnerTexts(), [
      "Third",
      "Second",
      "Tour of a desk",
    ]);
    await page.getByTestId("new-session").focus();
    await page.keyboard.press("Tab");
    const steps = [
      [undefined, /^Third/],
      ["ArrowDown", /^Second/],
      ["ArrowRight", /^rename-session/],
      ["ArrowRight", /^delete-session/],
      ["ArrowRight", /^delete-session/],
      ["ArrowLeft", /^rename-session/],
      ["ArrowDown", /^Tour/],
      ["ArrowDown", /^Tour/],
      ["Home", /^Third/],
      ["End", /^Tour/],
      ["ArrowUp", /^Second/],
    ];
    for (const [key, expected] of steps) {
      if (key) await page.keyboard.press(key);
      assert.match(await focused(page), expected, key);
    }
    await page.keyboard.press("Tab");
    assert.ok(!(await page.evaluate(() => document.activeElement.closest(".session-list"))));
    await page.keyboard.press("Shift+Tab");
    assert.match(await focused(page), /^Second/);
    await page.keyboard.press("F2");
    await page.getByTestId("rename-input").fill("Renamed");
    await page.keyboard.press("Enter");
    await eventually("the row again", async () => /^Renamed/.test(await focused(page)));
    await page.keyboard.press("Enter");
    await page.locator(".session.current").getByText("Renamed").waitFor();
    await row(page, "Renamed").locator(".session-open").focus();
    await page.keyboard.press("Delete");
    await page.getByTestId("delete-dialog").waitFor();
  });

  for (const [where, width, tab] of [
    ["a phone", 390, "chat"],
    ["a tablet", 820, "desktop"],
    ["a wide screen", 1280, undefined],
  ])
    test(`one heading names the page on ${where}`, async (t) => {
      const { page, server, id } = await scripted(t, {}, { viewport: { width, height: 780 } });
      if (tab) await page.getByTestId(`tab-${tab}`).click();
      const heading = page.getByRole("heading", { level: 1 });
      assert.deepEqual(await heading.allInnerTexts(), ["Tour of a desk · Carrel"]);
      await page.goto(`${server.url}/desk/${id}`);
      await stateIs(page, "viewing");
      assert.deepEqual(await heading.allInnerTexts(), ["Tour of a desk · Carrel"]);
    });

  test("the smallest of phones reaches everything of the desktop", async (t) => {
    const { page } = await scripted(t, {}, { viewport: { width: 340, height: 700 } });
    await page.getByTestId("tab-desktop").click();
    const reaches = () =>
      page.evaluate(() => {
        const edges = [...document.querySelectorAll(".toolbar :is(button, a), .panel.desktop")].map(
          (each) => each.getBoundingClientRect().right,
        );
        return Math.max(...edges);
      });
    await stateIs(page, "viewing");
    assert.ok((await reaches()) <= 340, `${await reaches()}`);
    await page.getByTestId("control-toggle").click();
    await stateIs(page, "control");
    assert.ok((await reaches()) <= 340, `${await reaches()}`);
  });

  test("who has logged in can log out, and leaves nothing behind", async (t) => {
    const { page } = await opened(t, { key: "right" });
    const logIn = async () => {
      await page.getByTestId("login").locator("input").fill("right");
      await page.keyboard.press("Enter");
      await page.getByTestId("new-session").waitFor();
    };
    await logIn();
    await make(page, "Mine");
    await stateIs(page, "viewing");
    await page.getByTestId("message-input").fill("not sent");
    await page.getByTestId("log-out").click();
    await page.getByTestId("login").waitFor();
    assert.equal(await page.evaluate(() => Object.keys(sessionStorage).join()), "");
    assert.equal(await page.evaluate(() => location.hash), "");
    await page.reload();
    await page.getByTestId("login").waitFor();
    await logIn();
    await row(page, "Mine").waitFor();
    assert.notEqual(await page.getByTestId("message-input").inputValue(), "not sent");
  });

  test("where nobody logs in nobody logs out", async (t) => {
    const { page } = await scripted(t);
    await page.getByTestId("key-line").waitFor();
    assert.equal(await page.getByTestId("log-out").count(), 0);
  });
});
