// The page in a real browser against the real server with real desks, for tests of a person's whole way through it.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { launchBrowser, openPage } from "./chromium.mjs";
import { at, Server } from "./carrel.mjs";

/** The server that all use; who restarts it puts the new one here. */
export const world = { browser: undefined, server: undefined };

/** To be called once, outside of tests. */
export function onPage() {
  before(async () => {
    [world.browser, world.server] = await Promise.all([launchBrowser(), Server.start()]);
  });
  after(async () => {
    await world.browser?.close();
    await world.server?.end();
  });
}

export const desk = (id, operation, body) => world.server.json("POST", at(id, `/desk/${operation}`), body);
export const run = async (id, command) => (await desk(id, "terminal/execute", { command })).output.trim();

/** A page of its own context; what must not happen in it fails the test. */
export async function open(t, address = "/", options = {}) {
  const page = await openPage(world.browser, new URL(address, world.server.url).href, options);
  t.after(async () => {
    await page.context().close();
    assert.deepEqual(page.complaints, []);
  });
  return page;
}

/** A page that shows a new session on a desk without network, made by clicking. */
export async function clicked(t, title) {
  const page = await open(t);
  const session = await makeByClicking(t, page, title);
  return { page, ...session };
}

export async function makeByClicking(t, page, title) {
  await page.getByTestId("new-session").click();
  await page.locator("input[name=title]").fill(title);
  await page.locator("input[name=network][value=none]").check();
  await page.getByTestId("create-session").click();
  await page.getByTestId("new-session-dialog").waitFor({ state: "detached" });
  await stateIs(page, "viewing");
  const id = await page.evaluate(() => location.hash.slice(1));
  t.after(() => world.server.request("DELETE", at(id, "?purge=true")));
  return { id, deskId: (await world.server.json("GET", at(id))).desk.id };
}

export const stateIs = (page, state) =>
  page.locator(`[data-testid=desktop-state][data-state=${state}]`).waitFor({ state: "attached" });
/** The last turn has that status; an earlier one that has it does not count. */
export const turnIs = (page, status, timeout = 90_000) =>
  page.getByTestId("turn").last().and(page.locator(`[data-status=${status}]`)).waitFor({ timeout });
export const row = (page, title) => page.getByTestId("session-item").filter({ hasText: title });
export const canvasOf = (page) => page.getByTestId("desktop").locator("canvas");

export async function say(page, content) {
  await page.getByTestId("message-input").fill(content);
  await page.getByTestId("send").click();
}

export async function takeControl(page) {
  await page.getByTestId("control-toggle").click();
  await stateIs(page, "control");
}

/** Clicks where the desk has this pixel. */
export async function clickDesk(page, x, y) {
  const { width, height } = await canvasOf(page).boundingBox();
  await canvasOf(page).click({ position: { x: (x * width) / 1280, y: (y * height) / 800 } });
}

/** How much of what the viewer draws differs from the screenshot that the API gives, from 0 to 1. */
export async function difference(page, id) {
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
export async function openTerminal(id) {
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
export function pressForeign(page, letters) {
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

export const pointer = (id) => world.server.json("GET", at(id, "/desk/screen/cursor_position"));

/** As if another tab were in front of it, or no longer. */
export const setSeen = (page, seen) =>
  page.evaluate(
    (state) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.dispatchEvent(new Event("visibilitychange"));
    },
    seen ? "visible" : "hidden",
  );
