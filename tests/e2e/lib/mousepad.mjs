// The editor of the desktop image, as tests of the keyboard open and read it.
import { until } from "./carrel.mjs";

/** `patience`: seconds that it gets to save. */
export const mousepadOn = ({ post, run, title, press, patience }) => ({
  async open() {
    // On its own: else it would hand the file to one that is just ending.
    await run("rm -f /tmp/note; touch /tmp/note; mousepad --disable-server /tmp/note > /dev/null 2>&1 &");
    await until("the window is there", async () => /Mousepad/.test(await title()));
    await post("mouse/click", { button: "left_click", coordinate: { x: 500, y: 400 }, screenshot: false });
    await until("it takes keys", async () => {
      await press("a BackSpace");
      return (await title()).startsWith("*");
    });
  },
  async read() {
    await until("it is saved", async () => {
      await press("ctrl+s");
      return !(await title()).startsWith("*");
    }, patience);
    return (await run("cat /tmp/note")).replace(/\n$/, "");
  },
  close: () => run("pkill -x mousepad; while pgrep -x mousepad > /dev/null; do sleep 0.01; done; true"),
});
