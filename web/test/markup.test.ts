import assert from "node:assert/strict";
import { test } from "node:test";
import { pieces, spans } from "../src/chat/markup";

test("code fences stand apart from prose", () => {
  assert.deepEqual(pieces("Look:\n\n```sh\nls\n\ncd /\n```\n\nDone."), [
    { kind: "prose", spans: [{ kind: "plain", content: "Look:" }] },
    { kind: "code", language: "sh", content: "ls\n\ncd /" },
    { kind: "prose", spans: [{ kind: "plain", content: "Done." }] },
  ]);
});

test("an open fence runs to the end, since the rest is still to come", () => {
  assert.deepEqual(pieces("```py\nprint("), [{ kind: "code", language: "py", content: "print(" }]);
});

test("a fence is closed only by its own kind", () => {
  assert.deepEqual(pieces("~~~\n```\n~~~"), [{ kind: "code", language: "", content: "```" }]);
  assert.deepEqual(pieces("````\n```\n````"), [{ kind: "code", language: "", content: "```" }]);
});

test("spaces and line breaks of prose stay", () => {
  assert.deepEqual(pieces("a\n\n  b"), [{ kind: "prose", spans: [{ kind: "plain", content: "a\n\n  b" }] }]);
});

test("inline marks", () => {
  const cases: [string, string][] = [
    ["a `b` **c** d", "plain:a |code:b|plain: |strong:c|plain: d"],
    ["2 ** 3 ** 4", "plain:2 ** 3 ** 4"],
    ["`open", "plain:`open"],
    ["`**not strong**`", "code:**not strong**"],
    ["<b>x</b>", "plain:<b>x</b>"],
  ];
  for (const [text, expected] of cases) {
    assert.equal(
      spans(text)
        .map(({ kind, content }) => `${kind}:${content}`)
        .join("|"),
      expected,
    );
  }
});

test("nothing gives nothing", () => {
  assert.deepEqual(pieces(""), []);
  assert.deepEqual(pieces("\n\n"), []);
});
