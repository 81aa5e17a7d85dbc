// The desktop's toolbar and states, against the strict double of the server.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onDouble, opened, scripted } from "../lib/double.mjs";
import { row, stateIs } from "../lib/page.mjs";

onDouble();

describe("the desktop", () => {
  test("the desktop's toolbar has room at every width, also in control and for a desk without a network", async (t) => {
    const { page } = await opened(t, {}, { viewport: { width: 1280, height: 720 } });
    await page.getByTestId("new-session").click();
    await page.locator("select[name=provider]").selectOption("scripted");
    await page.locator("input[name=network][value=none]").check();
    await page.getByTestId("create-session").click();
    await stateIs(page, "viewing");
    const missing = () =>
      page.evaluate(() => {
        const bar = document.querySelector(".toolbar").getBoundingClientRect();
        return Math.max(
          ...[...document.querySelectorAll(".toolbar :is(button, label, .chip)")].map(
            (each) => each.getBoundingClientRect().right - bar.right,
          ),
        );
      });
    const widths = [1280, 1100, 930, 900, 600, 400, 340];
    for (const state of ["viewing", "control"]) {
      if (state === "control") {
        await page.getByTestId("control-toggle").click();
        await stateIs(page, state);
      }
      for (const width of widths) {
        await page.setViewportSize({ width, height: 640 });
        if (width < 920) await page.getByTestId("tab-desktop").click();
        assert.ok((await missing()) <= 0, `${state}, ${width}: ${await missing()}`);
      }
    }
    await page.getByTestId("more").click();
    const menu = await page.getByTestId("more-panel").boundingBox();
    assert.ok(menu.x >= 0 && menu.x + menu.width <= 340, JSON.stringify(menu));
    await page.getByTestId("more-panel").getByText("Upload files to Downloads").waitFor();
    await page.getByTestId("more-panel").getByText("No network.").waitFor();
  });

  test("a desk that sleeps is looked at as any other; one that is paused says so", async (t) => {
    const { server, page, id } = await scripted(t);
    server.setDesk(id, "frozen");
    await row(page, "Tour of a desk").and(page.locator("[data-state=frozen]")).waitFor();
    await stateIs(page, "viewing");
    assert.equal(await page.getByTestId("desk-failed").count(), 0);
    server.setDesk(id, "paused");
    await page.getByTestId("desk-paused").waitFor();
    await stateIs(page, "paused");
    assert.equal(await page.getByTestId("control-toggle").count(), 0);
    server.setDesk(id, "ready");
    await stateIs(page, "viewing");
    assert.equal(await page.getByTestId("desk-paused").count(), 0);
  });
});
