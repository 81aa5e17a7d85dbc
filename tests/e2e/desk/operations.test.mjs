// Every operation of a desk does what its row says: its example works on a fresh desk and is answered with
// the members that the row names. And several at once: desk/batch.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { describe, test } from "node:test";
import { differences } from "../lib/answers.mjs";
import { programs, until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { openStream } from "../lib/stream.mjs";

const rows = JSON.parse(execFileSync(path.join(programs, "carrel"), ["operations", "--json"], { maxBuffer: 1 << 26 })).desk;

// What acts on a window has one: the last that was opened.
const desk = onDesk(async () => {
  await run("for i in 1 2; do setsid xterm -class Example > /dev/null 2>&1 & done");
  await until("both windows are open", async () => {
    const { windows } = await get("window/list");
    return windows.filter(({ class_name: name }) => name === "Example").length === 2 && windows.some((window) => window.is_active);
  });
});
const { ask, get, run } = desk;

const pathOf = (row) => row.path.replace("{id}", desk.session.id);

/** What has to be so before a row's example works. */
const preparations = {
  "terminal/answer": () => ask("terminal/execute", { command: "read -r answer </dev/tty", timeout: 300 }),
  "terminal/input": async () => {
    const body = { command: "cat", timeout: 300, input_id: JSON.parse(rows.find(({ name }) => name === "terminal/input").example).input_id };
    const { answer } = openStream(desk.server, desk.at("terminal/execute/stream"), body);
    await answer;
  },
};

describe("an operation's row", () => {
  for (const row of rows) {
    const speaksJson = ["json", "picture"].includes(row.response) && ["none", "json"].includes(row.request);
    if (!speaksJson) continue;
    test(`${row.method} ${row.name} answers as it says`, async () => {
      const needsInput = row.input?.required?.length > 0;
      assert.ok(row.example || !needsInput, "it takes fields, so it needs an example");
      await preparations[row.name]?.();
      const isQuery = row.request === "none";
      const target = pathOf(row) + (isQuery && row.example ? `?${row.example}` : "");
      const body = isQuery ? undefined : JSON.parse(row.example || "{}");
      const answer = await desk.server.request(row.method, target, { body });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      assert.equal(answer.body.success, true, answer.body.error);
      assert.deepEqual(differences(answer.body, row.answer), []);
    });
  }
});

describe("a batch", () => {
  const batch = (actions) => ask("batch", { actions });
  const move = (x) => ({ operation: "mouse/move", input: { coordinate: { x, y: 40 }, observe: "none" } });
  const where = { operation: "screen/cursor_position" };

  test("does everything in order and answers each", async () => {
    const { status, body } = await batch([move(11), where, move(0), where]);
    assert.equal(status, 200);
    assert.equal(body.success, true);
    assert.deepEqual(body.results.map((result) => result.status), [200, 200, 200, 200]);
    assert.equal(body.results[1].answer.x, 11);
    assert.equal(body.results[3].answer.x, 0);
  });

  test("stops at the first that fails and tells which", async () => {
    const { body } = await batch([move(21), move(5000), move(31)]);
    assert.equal(body.success, false);
    assert.equal(body.failed_at, 1);
    assert.match(body.error, /^action 1 \(mouse\/move\) failed: coordinate\.x: 5000 is outside the screen/);
    assert.equal(body.results[1].status, 422);
    assert.match(JSON.stringify(body.results[1].answer), /outside the screen/);
    assert.deepEqual(body.results[2], { operation: "mouse/move", skipped: true });
    assert.equal((await batch([where])).body.results[0].answer.x, 21);
  });

  test("a command that fails stops it too", async () => {
    const { body } = await batch([{ operation: "terminal/execute", input: { command: "false" } }, where]);
    assert.equal(body.failed_at, 0);
    assert.equal(body.results[1].skipped, true);
  });

  test("GET operations take their query as input, and a method tells two rows of one name apart", async () => {
    const screen = (await batch([{ operation: "screen/info" }])).body.results[0].answer; // a row's example resized it
    const { body } = await batch([
      { operation: "screen/screenshot", method: "GET", input: { format: "jpeg", scale: 0.5 } },
      { operation: "system/clipboard", input: { content: "from a batch" } },
      { operation: "system/clipboard" },
    ]);
    assert.equal(body.success, true, JSON.stringify(body));
    assert.equal(body.results[0].answer.width, screen.display_width_px / 2);
    assert.equal(body.results[2].answer.content, "from a batch");
  });

  test("nothing is done when one of them does not exist, cannot be batched, or there are too many", async () => {
    const at = (await batch([where])).body.results[0].answer.x;
    for (const wrong of ["mouse/clack", "batch", "terminal/execute/stream", "file/upload", ""]) {
      const { status, body } = await batch([move(77), { operation: wrong, input: {} }]);
      assert.equal(status, 422, wrong);
      assert.deepEqual(body.detail[0].loc.slice(0, 4), ["body", "actions", 1, "operation"]);
    }
    const why = async (operation) => (await batch([{ operation }])).body.detail[0].msg;
    assert.equal(await why("mouse/clack"), 'there is no operation "mouse/clack"; did you mean "mouse/click"?');
    assert.match(await why("file/download"), /can hold no "file\/download": JSON goes into/);
    assert.equal((await batch(Array(101).fill(move(77)))).status, 422);
    assert.equal((await batch("mouse/click")).status, 422);
    assert.equal((await batch([where])).body.results[0].answer.x, at);
    assert.deepEqual((await batch([])).body.results, []);
  });
});
