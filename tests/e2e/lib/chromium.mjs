// A real Chromium for tests of the page: Debian's, headless.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/** Starts the browser; as root it has to run without its own sandbox. */
export async function launchBrowser() {
  const executablePath = process.env.CARREL_CHROMIUM ?? "/usr/bin/chromium";
  assert.ok(
    existsSync(executablePath),
    `${executablePath} is missing: install chromium, or set CARREL_CHROMIUM`,
  );
  return chromium.launch({
    executablePath,
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
}

/**
 * Opens `url` in a context of its own. `page.complaints` collects what must not happen: uncaught errors, and
 * console errors, among which are violations of the content security policy. Not what noVNC says of a picture that
 * comes between its hanging up and the end of the connection ("in an invalid state": disconnecting).
 */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 720 },
    ...options,
  });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    const expected =
      /Failed to load resource|WebSocket connection to|noVNC|Failed when connecting|Got data while in an invalid state/.test(
        message.text(),
      );
    if (message.type() === "error" && !expected) page.complaints.push(message.text());
  });
  await page.goto(url);
  return page;
}

/** The colour of the live desktop at parts of its width and height, as [r, g, b]. */
export function desktopColour(page, across, down) {
  return page
    .getByTestId("desktop")
    .locator("canvas")
    .evaluate(
      (canvas, [x, y]) =>
        [...canvas.getContext("2d").getImageData(canvas.width * x, canvas.height * y, 1, 1).data].slice(0, 3),
      [across, down],
    );
}

/** The whole live desktop as a data URL: two that differ are different pictures. */
export function desktopPicture(page) {
  return page
    .getByTestId("desktop")
    .locator("canvas")
    .evaluate((canvas) => canvas.toDataURL());
}

/** Waits until `look` gives something true, and gives that; fails with `what` after `limit` ms. */
export async function eventually(what, look, limit = 60_000) {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `${what}: did not happen within ${limit} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
