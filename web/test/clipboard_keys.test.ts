import assert from "node:assert/strict";
import { test } from "node:test";
import { isCopy, isPaste, type Chord } from "../src/desktop/clipboard_keys";

/** "Ctrl+Shift+v", perhaps with the place of the key: "Ctrl+м@KeyV". */
function chord(text: string): Chord {
  const words = text.split("+");
  const [key = "", code = ""] = (words.pop() ?? "").split("@");
  const has = (word: string) => words.includes(word);
  return {
    key,
    code,
    ctrlKey: has("Ctrl"),
    shiftKey: has("Shift"),
    altKey: has("Alt"),
    metaKey: has("Meta"),
  };
}

test("keys that copy", () => {
  for (const keys of ["Ctrl+c", "Ctrl+X", "Ctrl+Shift+C", "Ctrl+Insert", "Shift+Delete", "Ctrl+с@KeyC"])
    assert.ok(isCopy(chord(keys)), keys);
  for (const keys of ["c", "Ctrl+v", "Ctrl+Alt+c", "Delete", "Insert", "Shift+Insert", "Ctrl+d@KeyC"])
    assert.ok(!isCopy(chord(keys)), keys);
});

test("keys that paste", () => {
  for (const keys of ["Ctrl+v", "Ctrl+Shift+V", "Shift+Insert", "Meta+v", "Ctrl+м@KeyV"])
    assert.ok(isPaste(chord(keys)), keys);
  for (const keys of ["v", "Shift+V", "Ctrl+c", "Ctrl+Alt+v", "Insert", "Ctrl+Insert", "Ctrl+Meta+v"])
    assert.ok(!isPaste(chord(keys)), keys);
});
