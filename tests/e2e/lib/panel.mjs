// The panel of a desk: the last thing to be painted on a screen that is new.
import { until } from "./carrel.mjs";
import { readPng } from "./png.mjs";

/** Its colour where it shows nothing else. */
export const panel = 0x262b33;

/** Waits until it shows on a screen of 1024×768. */
export const panelIsThere = (desk) =>
  until("the panel is there", async () => {
    const { body } = await desk.request("GET", "screen/screenshot?cursor=false", { headers: { accept: "image/png" } });
    return readPng(body).at(1000, 764) === panel;
  }, 60);
