// The command line: each word does what it says, and says what is wrong.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { dataDirectory as data, programs, Server, takenOver, until } from "../lib/carrel.mjs";
import { carrel } from "../lib/host.mjs";

let server;
let folder;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "carrel-words-"));
  server = await Server.start();
});
after(async () => {
  await server?.end();
  await rm(folder, { recursive: true, force: true });
});

const words = (...all) => carrel(all, { env: { CARREL_URL: server.url } });

async function good(...all) {
  const result = await words(...all);
  assert.equal(result.code, 0, `${all.join(" ")}: ${result.error}`);
  return result;
}

async function bad(wanted, ...all) {
  const { code, error } = await words(...all);
  assert.notEqual(code, 0, all.join(" "));
  assert.match(error, wanted);
  assert.doesNotMatch(error, /terminate called|what\(\)/);
}

/** What a person sees who gives these words at a terminal. */
function onTerminal(...all) {
  const line = [path.join(programs, "carrel"), ...all].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const { stdout, status } = spawnSync("script", ["-qec", line, "/dev/null"], { env: { ...process.env, CARREL_URL: server.url }, encoding: "latin1" });
  return { seen: stdout.replaceAll("\r\n", "\n"), code: status };
}

test("a desk's words, and a title, move no cursor of a terminal and are bytes for a program", async () => {
  const title = "a\x1b]0;owned\x07b\u009b2Jc\u202ed\ne";
  const { id } = await server.createSession({ provider: "scripted", network: "none", title });
  const print = String.raw`printf 'a\033[2J\302\233b\001\n'; printf 'c\033[31m' >&2`;
  const control = /[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]/;
  for (const all of [["session", "list"], ["exec", id, print], ["call", id, "terminal/execute", `command=${print}`], ["logs", id], ["call", id, "file/read", "path=/tmp/hostile"]]) {
    if (all[2] === "file/read") await good("exec", id, String.raw`printf '\033]0;owned\007 \377' > /tmp/hostile`);
    const { seen, code } = onTerminal(...all);
    assert.equal(code, 0, `${all}: ${seen}`);
    assert.doesNotMatch(seen, control, all.join(" "));
  }
  assert.match(onTerminal("session", "list").seen, new RegExp(`${id} .*a]0;ownedbcd e`));
  assert.match(onTerminal("exec", id, print).seen, /a\\x1b\[2J\\u\{9b\}b\\x01\n/);
  const { output, error } = await good("exec", id, print);
  assert.deepEqual([output, error], ["a\x1b[2J\u009bb\x01\n", "c\x1b[31m"]);
  const picture = onTerminal("screenshot", id, "-");
  assert.notEqual(picture.code, 0);
  assert.match(picture.seen, /nothing for a terminal/);
  assert.doesNotMatch(picture.seen, control);
  await server.json("DELETE", `/api/v1/sessions/${id}?purge=true`);
});

test("a session from its first word to its last", async () => {
  const made = await good("session", "new", "--provider", "scripted", "--network", "none", "--title", "By hand");
  const [id] = made.output.match(/sess_[0-9a-f]{12}/);
  assert.match((await good("session", "list")).output, new RegExp(`${id} +ready +scripted +By hand`));

  assert.deepEqual((({ code, output, error }) => [code, output, error])(await words("exec", id, "echo out; echo err >&2; (exit 7)")), [7, "out\n", "err\n"]);
  assert.equal((await good("exec", id, "printf", "%s|", "a b", "it's", "$HOME")).output, "a b|it's|$HOME|");
  await good("exec", id, "cd /tmp");
  assert.equal((await good("exec", id, "pwd")).output, "/tmp\n");
  const late = await words("exec", "--timeout", "1", id, "sleep 100");
  assert.equal(late.code, 124);
  assert.match(late.error, /stopped after 1 s/);

  const file = path.join(folder, "screen.png");
  await good("screenshot", id, file);
  assert.equal((await readFile(file)).subarray(1, 4).toString(), "PNG");
  await good("screenshot", id, path.join(folder, "screen.jpg"));
  assert.equal((await readFile(path.join(folder, "screen.jpg"))).readUInt16BE(0), 0xffd8);
  await good("screenshot", id, path.join(folder, "SCREEN.WEBP"));
  assert.equal((await readFile(path.join(folder, "SCREEN.WEBP"))).subarray(8, 12).toString(), "WEBP");
  for (const name of ["screen.gif", "screen", "png", ".png.txt"]) {
    await bad(/must end in \.png, \.jpg, \.jpeg or \.webp/, "screenshot", id, path.join(folder, name));
    assert.ok(!existsSync(path.join(folder, name)));
  }
  assert.equal((await good("screenshot", id, "-")).bytes.subarray(1, 4).toString(), "PNG");

  assert.match((await good("call")).output, /^POST mouse\/click +\S/m);
  assert.equal(JSON.parse((await good("call", id, "mouse/move", 'coordinate={"x":5,"y":6}', "observe=none")).output).success, true);
  assert.equal(JSON.parse((await good("call", id, "screen/cursor_position")).output).x, 5);
  await good("call", id, "file/write", '{"path":"/tmp/told","file_text":"42"}');
  assert.equal((await good("call", id, "file/download", "path=/tmp/told")).output, "42");
  assert.equal((await words("call", id, "file/view", "path=/nowhere")).code, 1);
  await bad(/did you mean "mouse\/click"/, "call", id, "mouse/clik");
  await bad(/screen\/info has no POST: it is called by GET/, "call", "--method", "POST", id, "screen/info");
  await bad(/coordinate\.x: 9999 is outside the screen/, "call", id, "mouse/move", 'coordinate={"x":9999,"y":6}');
  await bad(/no name=value/, "call", id, "mouse/move", "here");
  await bad(/is no session/, "call", "sess_x", "screen/info");

  assert.match((await good("session", "send", id, "hello")).output, /^msg_[0-9a-f]{12}\n$/);
  await until("the turn ends", async () => !(await server.json("GET", `/api/v1/sessions/${id}`)).busy);
  const log = (await good("logs", id)).output.trim().split("\n");
  assert.match(log[0], /^desk \{/);
  assert.match(log.at(-1), /^message_complete \{.*completed/);
  assert.match((await good("session", "cancel", id)).output, /No turn/);
  await bad(/there is nothing to replace/, "session", "renew", id);
  assert.ok((await good("desk", "list", "--data", data)).output.includes("desk_"));
  await good("session", "rm", "--purge", id);
  assert.ok(!(await good("session", "list")).output.includes(id));
});

test("what is wrong is said", async () => {
  await bad(/no session/, "session", "rm", "sess_000000000000");
  await bad(/"nonsense" is no session: `carrel session list`/, "exec", "nonsense", "true");
  await bad(/no session/, "exec", "sess_000000000000", "true");
  await bad(/no session/, "logs", "sess_000000000000");
  await bad(/provider/, "session", "new", "--provider", "nobody");
  await bad(/no word "nosuchword"/, "nosuchword");
  await bad(/no word "sesion"; did you mean "session"\?/, "sesion", "list");
  const { code, error } = await carrel(["session", "list", "--server", "http://127.0.0.1:1"]);
  assert.notEqual(code, 0);
  assert.match(error, /no server answers at http:\/\/127\.0\.0\.1:1 \(start one with `carrel serve`, or give --server\)/);
  const file = path.join(folder, "nothing.png");
  await bad(/no session/, "screenshot", "sess_000000000000", file);
  assert.ok(!existsSync(file), "no empty picture is left");
});

test("operations prints an index, and a noun's page", async () => {
  assert.match((await good("operations")).output, /^\| \[mouse\/click\]\(mouse\.md\) \| POST `\/mouse\/click` \| Clicks once/m);
  const { output } = await good("operations", "mouse");
  assert.match(output, /^## POST `\/api\/v1\/sessions\/\{id\}\/desk\/mouse\/drag`$/m);
  assert.doesNotMatch(output, /keyboard\//);
  assert.match((await good("operations", "sessions")).output, /^\| `limit` \| integer 1…100 \| `50` \|/m);
  await bad(/no operations of "mose"; did you mean "mouse"\?/, "operations", "mose");
  await bad(/"mouse\/click" is no noun; its page is `carrel operations mouse`/, "operations", "mouse/click");
  await bad(/no operations of "nosuchnoun"; there are health, metrics, config, .*, batch/, "operations", "nosuchnoun");
  await bad(/excludes/, "operations", "--json", "mouse");
});

test("help names every word, and each word's own", async () => {
  const { output } = await good("--help");
  for (const word of ["serve", "doctor", "image", "desk", "session", "exec", "screenshot", "logs"]) {
    assert.match(output, new RegExp(`\\b${word}\\b`));
    assert.equal((await carrel([word, "--help"])).code, 0, word);
  }
  assert.match((await good("--version")).output, /\d+\.\d+\.\d+/);
});

test("doctor explains the host", async () => {
  const { output, code } = await carrel(["doctor", "--data", data]);
  assert.equal(code, 0, output);
  for (const subject of ["rights", "user", "kernel", "disk", "memory", "image", "jail"]) assert.match(output, new RegExp(`^ok\\s+${subject}`, "m"), subject);
  const lesser = await carrel(["doctor", "--data", data], { as: 65534 });
  assert.notEqual(lesser.code, 0);
  assert.match(lesser.output, /BAD\s+rights\s+not root/);
  assert.match(lesser.output, /weak\s+image\s+this user may not look into .*images: run `sudo carrel doctor`/);
  // One unit for all sizes, and what desks with a network will meet.
  assert.match(output, /^ok\s+memory\s+\d+\.\d GiB available; a desk takes 0.02 GiB idle/m);
  assert.doesNotMatch(output, /\d kB/);
  for (const subject of ["names", "routes"]) assert.match(output, new RegExp(`^(ok  |weak)\\s+${subject}\\s+\\w`, "m"));
  const missing = await carrel(["doctor", "--data", folder]);
  assert.notEqual(missing.code, 0);
  assert.match(missing.output, /BAD\s+image\s+there is no desktop image: `carrel image build desktop`/);
});

test("images are listed, plans are printed", async () => {
  assert.match((await carrel(["image", "list", "--data", data])).output, /desktop/);
  const plan = await carrel(["desk", "plan", "--data", data]);
  assert.equal(plan.code, 0, plan.error);
  assert.ok(plan.output.split("\n").length > 20);
  assert.match(plan.output, /overlay/);
});

test("a desk that a running server has is not removed by hand; others are", async () => {
  const { id, desk } = await server.createSession();
  const refused = await carrel(["desk", "rm", desk.id, "--data", data]);
  assert.notEqual(refused.code, 0);
  assert.match(refused.error, new RegExp(`in use by the server with process id ${server.child.pid}`));
  await server.stop("SIGKILL");
  const removed = await carrel(["desk", "rm", desk.id, "--data", data]);
  assert.equal(removed.code, 0, removed.error);
  assert.ok(!readdirSync(path.join(data, "desks")).includes(desk.id));
  const again = await carrel(["desk", "rm", desk.id, "--data", data]);
  assert.notEqual(again.code, 0);
  assert.match(again.error, /no desk/);
  server = await Server.start({ fresh: false });
  await takenOver(server);
  assert.equal((await server.json("GET", `/api/v1/sessions/${id}`)).desk.state, "lost");
});
