// Two typists at one keyboard: a person at a viewer and an agent, one after the other and both at once. What each
// types is whole at the first try, in a browser, a GTK program and terminals, read back from the programs.
//
// CARREL_TYPISTS_DESKS says on how many fresh desks in a row.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { mousepadOn } from "../lib/mousepad.mjs";
import { openPerson } from "../lib/person.mjs";

const desks = Number(process.env.CARREL_TYPISTS_DESKS ?? 1);
/** Seconds that a program gets to read and show what was typed. */
const patience = 40;

const letters = (from, count) => String.fromCodePoint(...Array.from({ length: count }, (_, i) => from + i));
const persons = "aäböcüdßeéfñg";
const agents = "Grüße 你好 ä ö ñ é";
/** No character of one is in the other's: so both can be told apart when they come at once. */
const apart = { person: "aäböcüdßeéfñg хор, слон", agent: "GRÜÜE ÄÖ 你好 42 ÑÉ ΑΒΓ".replaceAll(" ", "_") };
/** More new characters than there are keys to spare. */
const many = { person: `ab${letters(0x3b1, 17)}cd${letters(0x430, 32)}ef`, agent: `AB${letters(0x4e00, 40)}CD${letters(0x391, 17)}EF` };

const only = (text, characters) => [...text].filter((each) => characters.includes(each)).join("");

for (let round = 0; round < desks; ++round)
  describe(`on desk ${round + 1} of ${desks}`, () => {
    let person;
    const desk = onDesk(async () => void (person = await openPerson(desk)));
    after(() => person?.close());
    const { get, post, run } = desk;
    const type = (text) => post("keyboard/type", { text, observe: "none" });
    const press = (key) => post("keyboard/key", { key, observe: "none" });
    const title = async () => (await get("browser/active_window")).window_title;

    const terminal = (name, words) => ({
      name,
      async open() {
        await run(`rm -f /tmp/typed; touch /tmp/typed; ${words} > /dev/null 2>&1 &`);
        await until("the window is there", async () => (await title()) === "typing");
        await until("it listens", async () => (await run("pgrep -xc cat || true")) !== "0\n");
      },
      read: () => run("cat /tmp/typed"),
      clear: () => run("truncate -s 0 /tmp/typed"),
      close: () => run(`pkill -x ${name}; pkill -x cat; while pgrep -x cat > /dev/null; do sleep 0.01; done; true`),
    });
    const listen = "stty -echo -icanon; exec cat >> /tmp/typed";
    const browser = {
      name: "chromium",
      async open() {
        const page = "<meta charset=utf-8><title>field</title><textarea autofocus style='width:900px;height:500px'></textarea>";
        await post("file/write", { path: "/home/agent/field.html", file_text: page });
        await post("browser/open_url", { url: "file:///home/agent/field.html", screenshot: false });
        await until("the page is there", async () => (await title()).startsWith("field"));
        await until("the field has the keyboard", async () => {
          await post("mouse/click", { button: "left_click", coordinate: { x: 400, y: 300 }, screenshot: false });
          return this.evaluate("document.hasFocus() && document.activeElement.tagName === 'TEXTAREA'");
        });
      },
      evaluate: async (script) => (await post("browser/cdp/evaluate", { script })).result,
      read() { return this.evaluate("document.querySelector('textarea').value"); },
      clear() { return this.evaluate("document.querySelector('textarea').value = ''"); },
      close: () => post("browser/close", { screenshot: false }),
    };
    const mousepad = {
      name: "mousepad",
      ...mousepadOn({ post, run, title, press, patience }),
      // Saved, so that what is read afterwards is not what was there before.
      clear: () => until("nothing is left", async () => {
        await press("ctrl+a BackSpace ctrl+s");
        return (await run("cat /tmp/note")).trim() === "";
      }, patience),
    };
    const all = [browser, terminal("xterm", `xterm -title typing -e sh -c '${listen}'`), mousepad,
      terminal("lxterminal", `lxterminal --no-remote -t typing -e "sh -c '${listen}'"`)];
    // Each program is the first on some desk.
    const programs = all.map((_, i) => all[(i + round) % all.length]);

    /** What the program holds once there is as much as was typed. */
    async function read(program, wanted) {
      let found;
      await until("all has arrived", async () => [...(found = await program.read())].length >= [...wanted].length, patience).catch(() => {});
      return found;
    }
    const holds = async (program, wanted) => assert.equal(await read(program, wanted), wanted);
    async function atOnce(program, texts, pause) {
      await program.clear();
      const slowly = person.typeSlowly(texts.person, pause);
      for (const part of texts.agent.match(/.{1,6}/gsu)) await type(part);
      await slowly;
      const found = await read(program, texts.person + texts.agent);
      assert.deepEqual({ person: only(found, texts.person), agent: only(found, texts.agent), more: found.length - only(found, texts.person + texts.agent).length },
        { ...texts, more: 0 });
    }

    for (const program of programs)
      describe(`in ${program.name}`, () => {
        before(() => program.open());
        after(async () => {
          await program.close();
          await until("it is closed", async () => !/typing|Mousepad|Chromium/.test(await title()), patience);
        });
        const parts = [
          ["a person, then an agent", async () => {
            await program.clear();
            person.type(persons);
            await holds(program, persons);
            await type(agents);
            await holds(program, persons + agents);
          }],
          ["an agent, then a person", async () => {
            await program.clear();
            await type(agents);
            person.type(persons);
            await holds(program, agents + persons);
          }],
          ["both at once", () => atOnce(program, apart, 5)],
        ];
        // On every other desk the agent is the first one.
        if (round % 2 === 1) parts.unshift(...parts.splice(1, 1));
        for (const [name, act] of parts) test(name, act);
        test("a person who types more new characters than there are keys", async () => {
          await program.clear();
          person.type(many.person);
          await holds(program, many.person);
        });
        test("both at once with more new characters than there are keys", () => atOnce(program, many, 3));
      });
  });
