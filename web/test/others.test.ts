import assert from "node:assert/strict";
import { test } from "node:test";
import { others } from "../src/desktop/others";

const session = (busy: boolean, in_control?: number) => ({
  busy,
  ...(in_control === undefined ? {} : { viewers: { watching: 5, in_control } }),
});

test("who watches is told who is in control", () => {
  assert.equal(others(session(false, 0), false), "");
  assert.equal(others(session(true, 0), false), "");
  assert.equal(others(session(true, 1), false), "One other viewer is in control of this desk.");
  assert.equal(others(session(false, 2), false), "2 other viewers are in control of this desk.");
});

test("who is in control is told of the agent and of others, and not of themselves", () => {
  assert.equal(others(session(false, 1), true), "");
  assert.match(others(session(true, 1), true), /^The agent goes on: /);
  assert.match(others(session(false, 2), true), /^One other viewer is in control, too: /);
  assert.match(others(session(false, 3), true), /^2 other viewers are in control, too: /);
  assert.match(
    others(session(true, 2), true),
    /^The agent goes on, and one other viewer is in control, too: /,
  );
});

test("what the server has not counted yet is not told", () => {
  assert.equal(others(session(false), true), "");
  assert.equal(others(session(false, 0), true), "");
  assert.match(others(session(true), true), /^The agent goes on: /);
});
