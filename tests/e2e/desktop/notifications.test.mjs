// What programs of a desk notify becomes events of its session: in the words of the program, cleaned and
// bounded.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { follow, until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";

let events = [];
let stream;
const desk = onDesk(async () => {
  stream = follow(desk.server, desk.beside("stream"), (event) => events.push(event));
  await stream.opened;
});
after(() => stream?.stop());
const { get, request, run } = desk;

const told = () => events.filter(({ event }) => event === "notification").map(({ data }) => data);
const find = (summary) => until(`"${summary}" is told`, () => told().find((data) => data.summary === summary));

const ask = (method, ...words) =>
  run(`timeout 20 dbus-send --session --print-reply --dest=org.freedesktop.Notifications /org/freedesktop/Notifications org.freedesktop.Notifications.${method} ${words.join(" ")} 2>&1 || true`);

test("the bus runs only when somebody uses it, and the first call is answered", async () => {
  assert.equal(await run("pgrep -xc dbus-daemon || true"), "0\n");
  await run("timeout 20 notify-send --app-name=post --urgency=critical 'Neue Nachricht' 'Grüße\nvon 你好'");
  const { app, summary, body, urgency, timestamp } = await find("Neue Nachricht");
  assert.deepEqual({ app, summary, body, urgency }, { app: "post", summary: "Neue Nachricht", body: "Grüße\nvon 你好", urgency: "critical" });
  assert.ok(timestamp);
  assert.equal(await run("pgrep -xc dbus-daemon"), "1\n");
});

test("the service says what it is and can do", async () => {
  assert.match(await ask("GetServerInformation"), /string "Carrel"[\s\S]*string "1.2"/);
  assert.match(await ask("GetCapabilities"), /string "body"/);
  assert.match(await ask("CloseNotification", "uint32:1"), /method return/);
  assert.match(await ask("CloseNotification", "string:x"), /InvalidArgs/);
  assert.match(await ask("Notify", "string:x"), /InvalidArgs/);
  assert.match(await ask("Nonsense"), /UnknownMethod/);
});

test("ids are counted, and kept by what replaces another", async () => {
  const first = Number(await run("notify-send --print-id one"));
  assert.equal(Number(await run("notify-send --print-id two")), first + 1);
  assert.equal(Number(await run(`notify-send --print-id --replace-id=${first} three`)), first);
  await find("three");
});

test("what a program writes is cleaned and cut", async () => {
  await run(`notify-send "$(printf 'tab\\there \\033[31mred')" "$(head -c 100000 /dev/zero | tr '\\0' b)"`);
  const { body } = await find("tab here [31mred");
  assert.equal(body.length, 2000);
});

test("it works on after the bus or the tool server was started again", async () => {
  await run("pkill -KILL -x dbus-daemon; true");
  await run("timeout 20 notify-send 'on a new bus'");
  await find("on a new bus");
  const { processes } = await get("process/list");
  const { pid } = processes.find(({ cmdline, pid }) => cmdline.endsWith("serve") && pid !== 1);
  // It answers nothing while it kills itself.
  await desk.ask("terminal/execute", { command: `kill -KILL ${pid}` }).catch(() => {});
  await until("the tool server is back", async () => (await request("GET", "system/health")).status === 200);
  await run("timeout 20 notify-send 'to a new server'");
  await find("to a new server");
});

test("one that notifies without end is held to a few, and the desk goes on", async () => {
  const before = told().length;
  await run("for i in $(seq 300); do notify-send \"flood $i\"; done");
  assert.equal((await request("GET", "screen/info")).status, 200);
  await until("some are told", () => told().length > before);
  assert.ok(told().length - before <= 30, `${told().length - before} of 300`);
});
