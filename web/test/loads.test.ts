import assert from "node:assert/strict";
import { test } from "node:test";
import { loadOf, loadText } from "../src/desktop/loads";

const at = (ms: number, processor?: number, memory?: number) => ({ at: ms, processor, memory });

test("a load is what was used between two measurements", () => {
  assert.deepEqual(loadOf(at(0, 1, 5), at(2000, 1.5, 7)), { processor: 0.25, memory: 7 });
  assert.deepEqual(loadOf(undefined, at(2000, 1.5, 7)), { memory: 7 });
  assert.deepEqual(loadOf(at(0, 1), at(2000, 5)), { processor: 2 });
});

test("what is not known is left out, and another desk's time is no load", () => {
  assert.deepEqual(loadOf(at(0, 9, 5), at(2000, 0.1, 7)), { memory: 7 });
  assert.deepEqual(loadOf(at(0), at(2000, 3)), {});
  assert.deepEqual(loadOf(at(2000, 1), at(2000, 3)), {});
  assert.deepEqual(loadOf(at(0, 1), at(2000)), {});
});

test("it reads shortly", () => {
  assert.equal(loadText({ processor: 0.254, memory: 340_000_000 }), "25 % · 340 MB");
  assert.equal(loadText({ processor: 1.5 }), "150 %");
  assert.equal(loadText({ memory: 999 }), "999 B");
  assert.equal(loadText({}), "");
});
