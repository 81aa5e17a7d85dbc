// The page in a real browser against the strict double of the server. Needs web/dist, which `node web/build.mjs` makes.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { startPageServer } from "../../doubles/page_server.mjs";
import { launchBrowser, openPage } from "./chromium.mjs";
import { stateIs } from "./page.mjs";

let browser;

/** To be called once, outside of tests. */
export function onDouble() {
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());
}

/** A server and a page at `path` of it; what must not happen in the page fails the test. */
export async function opened(t, options = {}, pageOptions = {}, path = "/") {
  const server = await startPageServer({ pace: 5, ...options });
  const page = await openPage(browser, new URL(path, server.url).href, pageOptions);
  t.after(async () => {
    await page.context().close();
    await server.close();
    assert.deepEqual(page.complaints, []);
  });
  return { server, page };
}

/** A server and a page that shows a new session with the scripted model, viewed live. */
export async function scripted(t, options = {}, pageOptions = {}) {
  const { server, page } = await opened(t, options, pageOptions);
  await page.getByTestId("use-scripted").click();
  await stateIs(page, "viewing");
  const id = await page.evaluate(() => location.hash.slice(1));
  return { server, page, id };
}

/** Another page of its own context. */
export async function another(t, url) {
  const page = await openPage(browser, url);
  t.after(async () => {
    await page.context().close();
    assert.deepEqual(page.complaints, []);
  });
  return page;
}
