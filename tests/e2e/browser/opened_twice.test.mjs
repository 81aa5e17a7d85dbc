// Two who need the browser at once, where none is open: whose process comes second hands over to the first, and ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dataDirectory, until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { inside, part } from "../lib/host.mjs";

const desk = onDesk();

test("both get it, also when the second process ends before the first shows a window", async () => {
  const { id } = desk.session.desk;
  const browsers = () => inside(dataDirectory, id).filter(({ name, words, state }) => name === "chromium" && state !== "Z" && !words.join(" ").includes(" --type="));
  // No window is shown while the window manager does not move.
  const manager = part(dataDirectory, id, "openbox");
  process.kill(manager, "SIGSTOP");
  let answers;
  try {
    const opening = ["one", "two"].map((title) => desk.ask("browser/cdp/navigate", { url: `data:text/html,<title>${title}</title>` }));
    answers = Promise.all(opening);
    const seen = new Set();
    await until("one of two has ended", () => {
      const now = browsers();
      for (const { pid } of now) seen.add(pid);
      return seen.size >= 2 && now.length === 1;
    });
  } finally {
    process.kill(manager, "SIGCONT");
  }
  for (const { status, body } of await answers) assert.equal(status, 200, JSON.stringify(body));
});
