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
  const { body } = await find("tab here red");
  assert.equal(body.length, 2000);
});

test("who waits for the end of a notification hears of it", async () => {
  await run("timeout 60 notify-send --wait --expire-time=200 'soon over'");
  await run("timeout 60 notify-send --wait 'over some time'");
});

test("one odd message is no end of notifications", async () => {
  const odd = (path) => run(`timeout 20 python3 -c 'import os, socket, struct
bus = socket.socket(socket.AF_UNIX); bus.connect(os.environ["DBUS_SESSION_BUS_ADDRESS"].split("=", 1)[1])
text = lambda code, kind, value: struct.pack("<BBsBI", code, 1, kind, 0, len(value)) + value + bytes(1)
pad = lambda part: part + bytes(-len(part) % 8)
def call(serial, path, to, interface, member):
    fields = b"".join(pad(part) for part in (text(1, b"o", path), text(6, b"s", to), text(2, b"s", interface))) + text(3, b"s", member)
    return pad(struct.pack("<cBBBIII", b"l", 1, 1, 1, 0, serial, len(fields)) + fields)
bus.sendall(bytes(1) + b"AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\\r\\n"); bus.recv(99)
bus.sendall(b"BEGIN\\r\\n" + call(1, b"/x", b"org.freedesktop.DBus", b"org.freedesktop.DBus", b"Hello"))
bus.sendall(call(2, ${path}, b"org.freedesktop.Notifications", b"org.freedesktop.Notifications", b"Odd"))
bus.sendall(call(3, b"/x", b"org.freedesktop.DBus", b"org.freedesktop.DBus", b"GetId"))
bus.recv(99)'`);
  await odd('b"/" + b"a" * 70000');
  await odd('b"/" + b"a" * 3000000');
  await run("timeout 20 notify-send 'after odd ones'");
  await find("after odd ones");
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
  const begun = Date.now();
  await run("for i in $(seq 120); do notify-send \"flood $i\"; done");
  assert.equal((await request("GET", "screen/info")).status, 200);
  await until("some are told", () => told().length > before);
  // Ten within ten seconds, however long it took.
  const most = Math.min(119, 10 * (Math.floor((Date.now() - begun) / 10_000) + 2));
  assert.ok(told().length - before <= most, `${told().length - before} of 120`);
});
