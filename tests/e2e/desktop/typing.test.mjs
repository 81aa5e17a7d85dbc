// Text arrives as it was typed: in a terminal, an editor and a browser, whatever the keyboard's layout and
// however busy the machine; read back from the programs and compared.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { mousepadOn } from "../lib/mousepad.mjs";

const desk = onDesk();
const { get, post, run } = desk;
const quick = { observe: "none" };
const type = (text) => post("keyboard/type", { text, ...quick });
const press = (key) => post("keyboard/key", { key, ...quick });

const title = async () => (await get("browser/active_window")).window_title;
/** A text with the place where it went wrong, if it did. */
function equal(found, wanted) {
  if (found === wanted) return;
  const place = [...wanted].findIndex((character, i) => [...found][i] !== character);
  const around = (text) => [...text].slice(Math.max(0, place - 10), place + 30).join("");
  assert.fail(`differs at ${place} of ${[...wanted].length} (${[...found].length}): "${around(found)}" is not "${around(wanted)}"`);
}

/** Seconds that a program gets to read and show what was typed. */
const patience = 40;
const ascii = Array.from({ length: 40 }, (_, i) => `${i} lazy dogs, (42) Foxes; "quoted" {[~#\\|@]}`).join(" ");
const letters = (from, count) => String.fromCodePoint(...Array.from({ length: count }, (_, i) => from + i));
const few = "Grüße für 3 €, ça & señor – «да»!";
const scripts = `äöüß ÄÖÜ éèê ñ ç € £ „“ – … ${letters(0x3b1, 17)} Привет мир ${letters(0x430, 32)} 你好世界 こんにちは 😀🎉 end`;
/** More new characters than there are spare keys many times over. */
const chinese = Array.from({ length: 6 }, (_, i) => letters(0x4e00 + 60 * i, 60)).join(" and ");

/** What a program holds that is typed into. */
const xterm = {
  name: "a terminal that gives no sign of life",
  async open() {
    await run("rm -f /tmp/typed; touch /tmp/typed; xterm -title typing -e sh -c 'stty -echo -icanon; exec cat > /tmp/typed' > /dev/null 2>&1 &");
    await until("the window is there", async () => (await title()) === "typing");
    await until("it listens", async () => (await run("pgrep -xc cat || true")) !== "0\n");
  },
  async read(text) {
    // Only what has arrived is there: as much as was typed, then.
    const bytes = Buffer.byteLength(text);
    await until("all has arrived", async () => Number(await run("stat -c %s /tmp/typed")) >= bytes, patience).catch(() => {});
    return run("cat /tmp/typed");
  },
  close: () => run("pkill -x xterm; pkill -x cat; while pgrep -x cat > /dev/null; do sleep 0.01; done; true"),
};

const mousepad = { name: "an editor", ...mousepadOn({ post, run, title, press, patience }) };

const page = "<meta charset=utf-8><title>empty</title><textarea autofocus style='width:900px;height:500px' oninput='document.title=[...this.value].length'></textarea>";
const browser = {
  name: "a field of a page",
  async open() {
    await post("file/write", { path: "/home/agent/field.html", file_text: page });
    await post("browser/open_url", { url: "file:///home/agent/field.html", screenshot: false });
    await until("the page is there", async () => (await title()).startsWith("empty"));
    await post("mouse/click", { button: "left_click", coordinate: { x: 400, y: 300 }, screenshot: false });
    await until("it takes keys", async () => {
      await press("a BackSpace");
      return (await title()).startsWith("0 ");
    });
  },
  async read(text) {
    await until("all has arrived", async () => (await title()).startsWith(`${[...text].length} `), patience).catch(() => {});
    await post("system/clipboard", { content: "" });
    await press("ctrl+a ctrl+c");
    return until("the text is copied", async () => (await get("system/clipboard")).content);
  },
  close: () => post("browser/close", { screenshot: false }),
};

const closed = () => until("it is closed", async () => !/typing|Mousepad|Chromium/.test(await title()), patience);

async function arrives(program, text) {
  await program.open();
  let found;
  try {
    await type(text);
    found = await program.read(text);
  } finally {
    await program.close();
    await closed();
  }
  equal(found, text);
}

for (const program of [xterm, mousepad, browser])
  describe(program.name, () => {
    test("gets ASCII at full speed", () => arrives(program, ascii));
    test("gets what the keyboard lacks", () => arrives(program, few));
    test("gets many scripts", () => arrives(program, scripts));
    test("gets more new characters than there are spare keys", () => arrives(program, chinese));
    // A tab leaves a page's field, so it stays out there.
    const tab = program === browser ? "" : "\t";
    test("gets line feeds and tabs as keys, between pasted lines too", () => arrives(program, `one\n${chinese}\n${tab}two\nдва ${scripts}`));
    test("gets combining characters, joined emoji and right-to-left text as they are", () => arrives(program, "e\u0301 a\u0308\u0323 👩‍👩‍👧 🏳️‍🌈 👍🏽 שלום مرحبا x"));
  });

describe("the clipboard", () => {
  beforeEach(() => xterm.open());
  after(() => xterm.close());
  for (const [owner, copy] of [
    ["us", () => post("system/clipboard", { content: "copied before" })],
    ["a program", async () => {
      await run("printf 'copied before' | xclip -selection clipboard > /dev/null 2>&1");
      await until("it is there", async () => (await get("system/clipboard")).content === "copied before");
    }],
  ])
    test(`has what ${owner} put there, after it was used for typing`, async () => {
      await copy();
      await type(`${chinese}`);
      equal(await xterm.read(chinese), chinese);
      assert.equal((await get("system/clipboard")).content, "copied before");
      await run("pkill -x xterm; true");
      await until("it is closed", async () => (await title()) !== "typing");
    });
});

describe("another layout", () => {
  after(async () => {
    await run("DISPLAY=:1 setxkbmap us");
  });
  for (const layout of ["de", "fr", "ru", "us,ru"])
    describe(layout, () => {
      before(() => run(`DISPLAY=:1 setxkbmap -option '' && DISPLAY=:1 setxkbmap ${layout}`));
      for (const program of [xterm, mousepad, browser]) test(`types right into ${program.name}`, () => arrives(program, `${ascii} ${few}`));
    });
  test("that was switched to by keys types right, too", async () => {
    await run("DISPLAY=:1 setxkbmap -layout us,ru -option grp:shifts_toggle");
    await mousepad.open();
    await press("Shift_L+Shift_R");
    // The switch is real: the key of the letter q is a Cyrillic one now.
    await type(`${few} quick`);
    equal(await mousepad.read(), `${few} quick`);
    await press("Shift_L+Shift_R");
    await mousepad.close();
    await run("DISPLAY=:1 setxkbmap -option '' && DISPLAY=:1 setxkbmap us");
  });
});

describe("a busy machine", () => {
  before(() => run("for i in 1 2 3 4; do (while :; do :; done) & done; echo $(jobs -p) > /tmp/busy"));
  after(() => run("kill $(cat /tmp/busy)"));
  for (const program of [xterm, mousepad, browser]) {
    test(`changes nothing for ${program.name}`, () => arrives(program, `${ascii} ${scripts} ${chinese}`));
    test(`changes nothing for ${program.name} when text follows text`, async () => {
      await program.open();
      const texts = [few, letters(0x4e00, 12), letters(0x5000, 12), "ascii", letters(0x3b1, 15), letters(0x430, 15)];
      for (const text of texts) await type(text);
      equal(await program.read(texts.join("")), texts.join(""));
      await program.close();
      await closed();
    });
  }
});

describe("keys that are stuck", () => {
  test("are released first, and Caps Lock does not matter and stays", async () => {
    await xterm.open();
    const held = post("keyboard/hold_key", { key: "shift+ctrl", duration: 20, ...quick }).catch(() => {});
    await press("Caps_Lock");
    await type("small and LARGE 123");
    equal(await xterm.read("small and LARGE 123"), "small and LARGE 123");
    await press("a");
    equal(await xterm.read("small and LARGE 123A"), "small and LARGE 123A");
    await press("Caps_Lock");
    await xterm.close();
    await closed();
    void held;  // it ends with the desk
  });
});

describe("a text that cannot be typed", () => {
  const refused = async (body, status) => JSON.stringify(await desk.refused("keyboard/type", body, status));
  test("is refused with a reason, and nothing of it is typed", async () => {
    await xterm.open();
    assert.match(await refused({ text: "", ...quick }), /text/);
    assert.match(await refused({ text: "a\u0000b", ...quick }), /U\+0000/);
    assert.match(await refused({ text: "a\u001b[31m", ...quick }), /U\+001B.*Escape/);
    assert.match(await refused({ text: "a\b", ...quick }), /U\+0008.*BackSpace/);
    assert.match(await refused({ text: "x".repeat(100_001), ...quick }), /100000/);
    await refused('{"text":"\\ud800 alone","observe":"none"}');
    await refused(Buffer.from([...Buffer.from('{"text":"'), 0xff, 0xc3, ...Buffer.from('"}')]));
    await refused({ text: "x".repeat(10_000_000) }, 413);
    await refused({ text: 5 });
    await refused({});
    await type("only this");
    equal(await xterm.read("only this"), "only this");
    await xterm.close();
    await closed();
  });
});
