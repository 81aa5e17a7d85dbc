// Keys of several people and an agent at one keyboard: other layouts than the desk's, modifiers and keys that are held,
// and who comes later.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { characterEvents, keyEvent, keys, openPerson, placedKeyEvent, stroke } from "../lib/person.mjs";

const patience = 40;
const people = [];
const desk = onDesk(async () => void people.push(await openPerson(desk), await openPerson(desk)));
after(() => people.forEach((person) => person.close()));
const { get, post, run } = desk;
const type = (text) => post("keyboard/type", { text, observe: "none" });
const press = (key) => post("keyboard/key", { key, observe: "none" });
const title = async () => (await get("browser/active_window")).window_title;
const evaluate = async (script) => (await post("browser/cdp/evaluate", { script })).result;
const home = 0xff50;
const letters = (from, count) => String.fromCodePoint(...Array.from({ length: count }, (_, i) => from + i));

const value = () => evaluate("document.querySelector('textarea').value");
const clear = () => evaluate("document.querySelector('textarea').value = ''; seen = []; null");
async function holds(wanted) {
  let found;
  await until("all has arrived", async () => [...(found = await value())].length >= [...wanted].length, patience).catch(() => {});
  assert.equal(found, wanted);
}
/** What the page was told of the next Home key that `act` makes somebody press. */
async function atHome(act) {
  await evaluate("seen = []; null");
  await act();
  return until("the key has arrived", () => evaluate("seen.find(({ key }) => key === 'Home') ?? null"), patience);
}

before(async () => {
  const page = `<meta charset=utf-8><title>field</title><textarea autofocus style='width:900px;height:500px'></textarea>
    <script>seen = []; addEventListener('keydown', ({ key, shiftKey, ctrlKey }) => seen.push({ key, shiftKey, ctrlKey }), true);</script>`;
  await until("the desk is there", () => people.length === 2);
  // Typed before the browser is there, into whatever: the browser learns of all keys that were lent.
  people[0].type("ß你ä");
  await type("ß你é");
  await post("file/write", { path: "/home/agent/field.html", file_text: page });
  await post("browser/open_url", { url: "file:///home/agent/field.html", screenshot: false });
  await until("the page is there", async () => (await title()).startsWith("field"));
  await until("the field has the keyboard", async () => {
    await post("mouse/click", { button: "left_click", coordinate: { x: 400, y: 300 }, screenshot: false });
    return evaluate("document.hasFocus() && document.activeElement.tagName === 'TEXTAREA'");
  });
});

test("a browser that is started after both have typed gets what they type next", async () => {
  await clear();
  people[0].type("ß你ä");
  await holds("ß你ä");
  await type("ß你é");
  await holds("ß你äß你é");
});

/** As a page sends it from a German keyboard: the place of each key, and what is printed there. */
const places = { shift: 42, altGr: 0xb8 };
const german = [["z", 21], ["y", 44], ["ö", 39], ["ä", 40], ["ü", 26], ["ß", 12], ["#", 43], ["+", 27], ["-", 53],
  ["/", 8, "shift"], ["\"", 3, "shift"], ["Ö", 39, "shift"], ["Z", 21, "shift"], ["@", 16, "altGr"], ["€", 18, "altGr"], ["µ", 50, "altGr"], ["<", 86], ["a", 30]];
test("a person on another layout types what is printed on the keys", async () => {
  await clear();
  const events = german.flatMap(([character, place, modifier]) => {
    const keysym = character === "€" ? 0x20ac : character.codePointAt(0);
    const typed = [placedKeyEvent(keysym, place, true), placedKeyEvent(keysym, place, false)];
    if (!modifier) return typed;
    const held = { shift: keys.shift, altGr: keys.level3 }[modifier];
    return [placedKeyEvent(held, places[modifier], true), ...typed, placedKeyEvent(held, places[modifier], false)];
  });
  for (const event of events) people[0].viewer.send(event);
  await holds(german.map(([character]) => character).join(""));
  await type("agent Ä");
  await holds(`${german.map(([character]) => character).join("")}agent Ä`);
});

test("capitals without Shift are capitals, and press no Caps Lock", async () => {
  await clear();
  for (const character of "Aä ÖbZz") people[0].viewer.send(stroke(character.codePointAt(0)));
  await holds("Aä ÖbZz");
  await press("q");
  await type("wE");
  await holds("Aä ÖbZzqwE");
});

test("what a person holds is not in an agent's text, and is held afterwards", async () => {
  await clear();
  people[0].send(keyEvent(keys.shift, true));
  await type("small ä and LARGE Ö");
  await press("x");
  await holds("small ä and LARGE Öx");
  assert.equal((await atHome(() => people[0].send(stroke(home)))).shiftKey, true);
  people[0].send(keyEvent(keys.shift, false));
  assert.equal((await atHome(() => people[0].send(stroke(home)))).shiftKey, false);
  // A shortcut of the person that the agent's text comes into.
  await clear();
  people[0].send(keyEvent(keys.control, true));
  await type("gone ñ");
  await holds("gone ñ");
  people[0].send(stroke("a".charCodeAt(0)));
  people[0].send(keyEvent(keys.control, false), stroke("ü".charCodeAt(0)));
  await until("what was selected is replaced", async () => (await value()) === "ü", patience);
});

test("what a person holds is not in an agent's click, but for what the agent holds, and is held afterwards", async () => {
  await evaluate("clicks = []; addEventListener('mousedown', ({ shiftKey, ctrlKey }) => clicks.push({ shiftKey, ctrlKey }), true); null");
  const click = async (more = {}) => {
    await evaluate("clicks = []; null");
    await post("mouse/click", { button: "left_click", coordinate: { x: 400, y: 300 }, screenshot: false, ...more });
    return until("the click has arrived", () => evaluate("clicks[0] ?? null"), patience);
  };
  const [person] = people;
  const homeKey = () => person.send(stroke(home));
  for (const [keysym, name] of [[keys.shift, "shiftKey"], [keys.control, "ctrlKey"]]) {
    person.send(keyEvent(keysym, true));
    assert.equal((await atHome(homeKey))[name], true);
    assert.deepEqual(await click(), { shiftKey: false, ctrlKey: false });
    assert.equal((await atHome(homeKey))[name], true);
    assert.deepEqual(await click({ key: "shift" }), { shiftKey: true, ctrlKey: false });
    assert.equal((await atHome(homeKey))[name], true);
    person.send(keyEvent(keysym, false));
    assert.equal((await atHome(homeKey))[name], false);
  }
});

test("a key that two people hold goes up when both have let go", async () => {
  const [one, other] = people;
  const viewers = async () => Number(await run("grep -c '/rfb$' /proc/net/unix"));
  const now = await viewers();
  one.send(keyEvent(keys.shift, true));
  assert.equal((await atHome(() => one.send(stroke(home)))).shiftKey, true);
  other.send(keyEvent(keys.shift, true));
  assert.equal((await atHome(() => other.send(stroke(home)))).shiftKey, true);
  assert.equal((await atHome(() => other.send(keyEvent(keys.shift, false), stroke(home)))).shiftKey, true);
  assert.equal((await atHome(() => one.send(keyEvent(keys.shift, false), stroke(home)))).shiftKey, false);
  // One of them leaves with keys down.
  const third = await openPerson(desk);
  assert.equal((await atHome(() => third.send(keyEvent(keys.shift, true), stroke(home)))).shiftKey, true);
  third.close();
  await until("it is up", async () => !(await atHome(() => one.send(stroke(home)))).shiftKey, patience);
  // One leaves who has released what another still holds.
  const fourth = await openPerson(desk);
  fourth.send(keyEvent(keys.shift, true));
  assert.equal((await atHome(() => fourth.send(stroke(home)))).shiftKey, true);
  assert.equal((await atHome(() => one.send(keyEvent(keys.shift, true), stroke(home)))).shiftKey, true);
  assert.equal((await atHome(() => fourth.send(keyEvent(keys.shift, false), stroke(home)))).shiftKey, true);
  fourth.close();
  await until("it has left", async () => (await viewers()) === now, patience);
  assert.equal((await atHome(() => one.send(stroke(home)))).shiftKey, true);
  assert.equal((await atHome(() => one.send(keyEvent(keys.shift, false), stroke(home)))).shiftKey, false);
});

test("a key that an agent holds is released by nobody else", async () => {
  await clear();
  const held = post("keyboard/hold_key", { key: "shift", duration: 40, observe: "none" }).catch(() => {});
  await until("it is held", async () => (await atHome(() => press("Home"))).shiftKey, patience);
  await post("mouse/click", { button: "left_click", coordinate: { x: 400, y: 300 }, key: "shift", screenshot: false });
  people[0].send(keyEvent(keys.shift, true), keyEvent(keys.shift, false));
  people[0].send(characterEvents("ä"));
  await holds("ä");
  assert.equal((await atHome(() => press("Home"))).shiftKey, true);
  await held;
  assert.equal((await atHome(() => press("Home"))).shiftKey, false);
});

test("a program that does not read its keyboard does not keep a person from the mouse", async () => {
  await run("rm -f /tmp/note; touch /tmp/note; mousepad --disable-server /tmp/note > /dev/null 2>&1 &");
  await until("the window is there", async () => /Mousepad/.test(await title()));
  await run("pkill -STOP -x mousepad");
  people[0].type(letters(0x4e00, 60));
  people[0].viewer.send([5, 0, 0, 7, 0, 9]);
  const at = async () => JSON.stringify(await get("screen/cursor_position"));
  await until("the pointer has moved", async () => /"x": ?7\b/.test(await at()), patience);
  await run("pkill -CONT -x mousepad; pkill -x mousepad; true");
  await until("the page has the keyboard", async () => (await title()).startsWith("field"), patience);
  await clear();
  people[0].type("ä你é");
  await holds("ä你é");
});
