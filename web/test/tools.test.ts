import assert from "node:assert/strict";
import { test } from "node:test";
import { inputText, summarise } from "../src/chat/tools";

test("every kind of call is said in a few words", () => {
  const cases: [tool: string, input: unknown, label: string, detail: string][] = [
    ["screenshot", {}, "Screenshot", ""],
    ["left_click", { coordinate: [4, 0] }, "Click", "4, 0"],
    ["left_click", { coordinate: [4, 5], text: "ctrl" }, "Click", "ctrl + 4, 5"],
    ["left_click_drag", { start_coordinate: [1, 2], coordinate: [3, 4] }, "Drag", "1, 2 → 3, 4"],
    ["scroll", { scroll_direction: "down", scroll_amount: 3, coordinate: [5, 6] }, "Scroll", "down × 3 5, 6"],
    ["key", { text: "ctrl+l" }, "Press", "ctrl+l"],
    ["key", { text: "Tab", repeat: 4 }, "Press", "Tab × 4"],
    ["hold_key", { text: "shift", duration: 2 }, "Hold", "shift, 2 s"],
    ["wait", { duration: 0.5 }, "Wait", "0.5 s"],
    ["zoom", { region: [0, 0, 10, 20] }, "Zoom", "0, 0, 10, 20"],
    ["computer", { action: "type", text: "hello" }, "Type", "hello"],
    ["bash", { command: "cd /tmp\nls" }, "Run", "cd /tmp …"],
    ["bash_answer", { text: "a password" }, "Answer on the terminal", ""],
    ["bash", { restart: true }, "Restart the shell", ""],
    ["str_replace_based_edit_tool", { command: "view", path: "/etc/hosts" }, "View", "/etc/hosts"],
    ["str_replace_based_edit_tool", { command: "str_replace", path: "/a", old_str: "x" }, "Edit", "/a"],
    ["my_tool", { a: 1 }, "My tool", '{"a":1}'],
    ["constructor", {}, "Constructor", ""],
    ["", null, "Tool", ""],
  ];
  for (const [tool, input, label, detail] of cases) {
    const summary = summarise(tool, input);
    assert.deepEqual([summary.label, summary.detail], [label, detail], tool);
  }
});

test("long input is cut", () => {
  const { detail } = summarise("type", { text: "x".repeat(1000) });
  assert.equal(detail, `${"x".repeat(160)}…`);
});

test("input of a wrong type does not break the row", () => {
  for (const input of [undefined, null, 7, "text", [], { coordinate: "here" }, { coordinate: [{}] }]) {
    assert.equal(summarise("left_click", input).label, "Click");
  }
});

test("input is readable in full", () => {
  const cases: [unknown, string][] = [
    [{ command: "cd /tmp\nls", timeout: 5 }, "command:\ncd /tmp\nls\ntimeout: 5"],
    [{ text: "one line", coordinate: [1, 2] }, "text: one line\ncoordinate: [1,2]"],
    [{}, "nothing"],
    ["raw", "raw"],
    [undefined, ""],
  ];
  for (const [input, text] of cases) assert.equal(inputText(input), text);
});
