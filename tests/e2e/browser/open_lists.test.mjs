// Lists and pickers that the browser draws over a page: pictures show them, and the pointer meets what is beneath.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onPages, serveInDesk } from "../lib/pages.mjs";

const port = 8231;
const fields = `<body style="margin:0"><script>const log = []</script><select aria-label=Country
  style="position:absolute;left:8px;top:8px"><option>Oman<option>Egypt<option>Ungarn<option>Uruguay</select><input type=date
  aria-label=Day style="position:absolute;left:150px;top:8px;width:140px"><button
  style="position:absolute;left:8px;top:50px;width:200px;height:100px" onclick="log.push('pressed'); this.textContent = 'Deleted'">Delete all</button>`;
const pages = onPages(() =>
  serveInDesk(pages, {
    "/fields": { body: fields },
    // The same host by another name: a frame that another process draws.
    "/around": {
      body: `<body style="margin:0"><iframe src="http://localhost:${port}/fields" style="border:0;width:400px;height:300px"></iframe>`,
    },
    "/beside": { body: `<body style="margin:0"><iframe src="/fields" style="border:0;width:400px;height:300px"></iframe>` },
  }, port),
);
const tool = (name, input) => pages.tool(name, input);
const at = (x, y) => ({ type: "coordinate", x, y });
const onSelect = at(30, 18);
const below = at(30, 110);
const onDay = at(278, 18);
const refusal = /a list is open over the page.*form_input.*closed now/;
const open = (path) => tool("navigate", { url: `http://127.0.0.1:${port}/${path}` });
const ofPage = async () => [await pages.evaluate("log"), await pages.evaluate("document.querySelector(':is(select, input):open') === null")];

describe("while a list is open", () => {
  test("what points at a place is refused, and closes it; the next goes through", async () => {
    await open("fields");
    for (const [name, more] of [
      ["left_click"],
      ["right_click"],
      ["double_click"],
      ["hover"],
      ["mouse_move"],
      ["left_mouse_down"],
      ["scroll", { scroll_direction: "down", scroll_amount: 1 }],
      ["left_click_drag", { from: below }],
    ]) {
      await tool("left_click", { target: onSelect });
      assert.deepEqual(await ofPage(), [[], false], name);
      assert.match(await pages.failure(name, { target: below, ...more }), refusal, name);
      assert.deepEqual(await ofPage(), [[], true], name);
    }
    await tool("left_click", { target: below });
    assert.deepEqual(await ofPage(), [["pressed"], true]);
  });

  test("a click by page/click is refused with a reason that a program can tell", async () => {
    await open("fields");
    await pages.post("browser/page/click", { coordinate: { x: 30, y: 18 } });
    const { status, code, detail } = await pages.refused("browser/page/click", { coordinate: { x: 30, y: 110 } });
    assert.deepEqual([status, code], [409, "list_open"]);
    assert.match(detail, /ref_\d+ \(combobox "Country"\)/);
    await pages.post("browser/page/click", { coordinate: { x: 30, y: 110 } });
    assert.deepEqual(await ofPage(), [["pressed"], true]);
  });

  test("the picker of a date is one", async () => {
    await open("fields");
    await tool("left_click", { target: onDay });
    assert.deepEqual(await ofPage(), [[], false]);
    assert.match(await pages.failure("left_click", { target: below }), refusal);
    assert.deepEqual(await ofPage(), [[], true]);
  });

  test("form_input chooses from it by the reference that was told, and elements are clicked by theirs", async () => {
    await open("fields");
    await tool("left_click", { target: onSelect });
    const told = await pages.failure("left_click", { target: below });
    await tool("left_click", { target: onSelect });
    await tool("form_input", { target: { type: "ref", ref: told.match(/ref_\d+/)[0] }, value: "Egypt" });
    assert.equal(await pages.evaluate("document.querySelector('select').value"), "Egypt");
    await tool("left_click", { target: await pages.target(/"Delete all"/) });
    assert.deepEqual((await ofPage())[0], ["pressed"]);
  });

  test("a button that is down comes up over it", async () => {
    await open("fields");
    await tool("left_mouse_down", { target: onSelect });
    assert.deepEqual(await ofPage(), [[], false]);
    await tool("left_mouse_up", { target: onSelect });
    assert.deepEqual(await ofPage(), [[], false]);
    assert.match(await pages.failure("left_click", { target: below }), refusal);
  });

  for (const [what, path] of [["a frame", "beside"], ["a frame of another process", "around"]])
    test(`in ${what} it is the same`, async () => {
      await open(path);
      await pages.readUntil(/"Delete all"/);
      for (const spot of [onSelect, onDay]) {
        await tool("left_click", { target: spot });
        assert.match(await pages.failure("left_click", { target: below }), refusal);
      }
      assert.match(await pages.read(), /"Delete all"/);
      await tool("left_click", { target: below });
      await pages.readUntil(/"Deleted"/);
    });

  test("one that the page draws itself is clicked like anything else", async () => {
    await pages.open(
      `<style>body{margin:0} select, ::picker(select) { appearance: base-select; } select{position:absolute;left:8px;top:8px}</style><select><option>Oman<option>Egypt</select>`,
    );
    await tool("left_click", { target: onSelect });
    const [x, y] = await pages.evaluate("(({ x, y, height }) => [x + 10, y + height / 2])(document.querySelectorAll('option')[1].getBoundingClientRect())");
    await tool("left_click", { target: at(x, y) });
    assert.equal(await pages.evaluate("document.querySelector('select').value"), "Egypt");
  });
});
