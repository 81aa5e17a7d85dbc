import assert from "node:assert/strict";
import { test } from "node:test";
import { rest } from "../src/chat/drafts";

test("what was written behind a sent text stays, what was rewritten too", () => {
  assert.equal(rest("do it", "do it"), "");
  assert.equal(rest("do it\nand then this", "do it"), "and then this");
  assert.equal(rest("something else", "do it"), "something else");
  assert.equal(rest("", "do it"), "");
});
