// What a desk's own programs said and how they ended: kept by the server, whatever becomes of the desk, of the
// server and of both, and bounded and told apart whatever a desk's guest does.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { at, dataDirectory as data, Server, until } from "../lib/carrel.mjs";
import { carrel, identity, inside, isAlive, part } from "../lib/host.mjs";

const kept = 262_144; // bytes of a desk's log

let server;
before(async () => (server = await Server.start()));
after(() => server?.end());

const log = (id, lines = 2000) => server.json("GET", at(id, `/desk/log?lines=${lines}`));
const texts = async (id, program) => (await log(id)).lines.filter((line) => line.program === program).map(({ text }) => text);
const said = (id, program, what) => until(`${program} says ${what}`, async () => (await texts(id, program)).some((text) => what.test(text)));
const run = async (id, command) => (await server.json("POST", at(id, "/desk/terminal/execute"), { command, timeout: 300 })).output.trim();
const fileOf = (desk) => path.join(data, "logs", desk);

function each(name, use) {
  test(name, async () => {
    const session = await server.createSession();
    try {
      await use(session.id, session.desk.id);
    } finally {
      await server.json("DELETE", at(session.id, "?purge=true"));
      assert.ok(!existsSync(fileOf(session.desk.id)), "purged with its session");
    }
  });
}

describe("the log of a desk", () => {
  each("tells what was started and what its programs say", async (id, desk) => {
    const { lines, truncated } = await log(id);
    assert.equal(truncated, false);
    for (const line of lines) {
      assert.deepEqual(Object.keys(line).sort(), ["desk", "program", "text", "time"]);
      assert.equal(line.desk, desk);
      assert.ok(Math.abs(Date.now() - Date.parse(line.time)) < 3_600_000 && line.time.endsWith("Z"), line.time);
    }
    for (const name of ["display", "window manager", "tool server"]) await said(id, "init", new RegExp(`^the ${name} was started as process \\d+$`));
    await said(id, "display", /Xvnc/);
    const last = await log(id, 1);
    assert.equal(last.lines.length, 1);
    assert.ok(last.lines[0].time >= lines.at(-1).time, "the newest");
    assert.equal(last.truncated, true);
    const shown = await carrel(["logs", "--desk", "--server", server.url, id]);
    assert.equal(shown.code, 0, shown.error);
    assert.match(shown.output, /^\S+Z init: the display was started as process \d+$/m);
    assert.notEqual((await carrel(["logs", "--desk", "-f", "--server", server.url, id])).code, 0);
  });

  each("tells how a killed tool server ended, and that it was started again", async (id, desk) => {
    await server.json("POST", at(id, "/desk/terminal/process/start"), { command: "sleep 1000" });
    await until("it runs", () => inside(data, desk, "sleep 1000").length === 1);
    process.kill(part(data, desk, "carrel-desk", "serve"), "SIGKILL");
    await said(id, "init", /^the tool server was killed by signal 9/);
    await said(id, "init", /^the tool server was started again/);
    await said(id, "tool server", /^warning: \d+ processes of the tool server before were ended$/);
    await until("it answers", async () => (await run(id, "echo well").catch(() => "")) === "well");
  });

  each("holds what became 500, by the request's id, and why a body broke off", async (id) => {
    // Of another process's memory nothing can be read at 0.
    const memory = `/proc/${(await run(id, "sleep 1000 & echo $!")).split("\n").at(-1)}/mem`;
    const failed = await server.request("POST", at(id, "/desk/file/copy"), { body: { from: memory, to: "/tmp/copy" } });
    assert.equal(failed.status, 500, JSON.stringify(failed.body));
    await said(id, "tool server", new RegExp(`^error: POST /file/copy \\(${failed.body.request_id}\\): copy the file: .*EIO`));
    await assert.rejects(server.request("GET", at(id, `/desk/file/download?path=${memory}`)));
    await said(id, "tool server", /^warning: a connection was cut off: .*EIO/);
  });

  each("takes what the browser writes", async (id) => {
    await server.json("POST", at(id, "/desk/browser/open_url"), { url: "about:blank" });
    await run(id, 'echo "the browser\'s words" > /proc/$(pgrep -o chromium)/fd/2');
    await said(id, "browser", /^the browser's words$/);
  });

  each("is bounded whoever floods it; the desk answers on, and what init said stays", async (id, desk) => {
    const before = await texts(id, "init");
    const output = '/proc/$(pgrep -o openbox)/fd/2';
    assert.equal(await run(id, `head -c 100000000 /dev/zero | tr '\\0' x | fold -w 90 > ${output} && echo written`), "written");
    assert.equal(await run(id, `head -c 100000000 /dev/zero > ${output} && echo written`), "written");
    assert.equal(await run(id, "echo answers"), "answers");
    const now = await log(id);
    assert.ok(now.lines.every(({ text }) => text.length <= 1000));
    assert.deepEqual((await texts(id, "init")).slice(0, before.length), before);
    assert.equal(statSync(fileOf(desk)).size, kept);
    assert.ok(statSync(fileOf(desk)).blocks * 512 <= 2 * kept);
  });

  each("is no place to speak in another's name", async (id, desk) => {
    await run(id, `printf '\\036999999 1000 0 all is well\\n\\0361 1 1 so it is\\nan \\033]0;escape\\007\\302\\233m\\n' > /proc/$(pgrep -o openbox)/fd/2`);
    await said(id, "window manager", /escape/);
    const { lines } = await log(id);
    for (const { program, text } of lines) {
      assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f]/);
      if (/well|so it is/.test(text)) assert.equal(program, "window manager");
    }
    // Those who speak for the desk itself cannot be reached, nor the file by whom writes it.
    const tried = await run(id, "for p in 1 $(pgrep -f 'carrel-desk serve'); do for n in 1 2 4 5 6 7 8; do echo forged 2>&1 > /proc/$p/fd/$n; done; done; true");
    assert.doesNotMatch(tried, /No such file/, tried);
    assert.ok((await texts(id, "init")).concat(await texts(id, "tool server")).every((text) => !/forged/.test(text)));
    const { pid } = identity(data, desk);
    const open = readdirSync(`/proc/${pid}/fd`).map((number) => readlinkSync(`/proc/${pid}/fd/${number}`));
    assert.ok(open.every((file) => !file.includes("/logs/")), open.join(" "));
  });

  each("survives kill -9 of the server, and the desk's end while there was none; the desk before is kept once", async (id, desk) => {
    await run(id, "echo remembered > /proc/$(pgrep -o openbox)/fd/2");
    await said(id, "window manager", /remembered/);
    const { lines } = await log(id);
    // Its programs may say more meanwhile.
    const assertKept = async () => assert.deepEqual((await log(id)).lines.slice(0, lines.length), lines);
    writeFileSync(fileOf("desk_000000000000"), "of nobody");
    await server.stop("SIGKILL");
    server = await Server.start({ fresh: false });
    await assertKept();
    await until("what is nobody's is swept", () => !existsSync(fileOf("desk_000000000000")));
    const { pid } = identity(data, desk);
    await server.stop("SIGKILL");
    process.kill(pid, "SIGKILL");
    await until("the desk is dead", () => !isAlive(pid));
    server = await Server.start({ fresh: false });
    await assertKept();
    await until("it is known to be lost", async () => (await server.json("GET", at(id))).desk.state === "lost");

    const { desk: second } = await server.json("POST", at(id, "/desk/renew"));
    await assertKept();
    assert.ok((await log(id)).lines.some((line) => line.desk === second.id));
    process.kill(identity(data, second.id).pid, "SIGKILL");
    await until("it has failed", async () => (await server.json("GET", at(id))).desk.state === "failed");
    const refused = await server.request("GET", at(id, "/desk/screen/info"));
    assert.ok(refused.body.detail.includes(`carrel logs --desk ${id}`), refused.body.detail);
    const renewed = await carrel(["session", "renew", "--server", server.url, id]);
    assert.deepEqual([renewed.code, renewed.error], [0, ""], refused.body.detail);
    assert.equal((await server.json("GET", at(id))).desk.state, "ready");
    assert.ok((await log(id)).lines.every((line) => line.desk !== desk));
    assert.ok(!existsSync(fileOf(desk)));
    await server.json("DELETE", at(id));
    assert.ok((await log(id)).lines.length > 0, "of an archived session too");
  });

  each("refuses what it cannot give", async (id) => {
    for (const query of ["lines=0", "lines=2001", "lines=x", "line=5"])
      assert.equal((await server.request("GET", at(id, `/desk/log?${query}`))).status, 422, query);
    assert.equal((await server.request("GET", at("sess_000000000000", "/desk/log"))).status, 404);
  });
});

test("a desk that cannot start says why, when it is made and afterwards", async () => {
  // Of this run alone.
  const broken = mkdtempSync(`${data}-broken-`);
  chmodSync(broken, 0o755);
  const build = path.join(broken, "images/desktop", "f".repeat(64));
  execFileSync("mkdir", ["-p", path.join(broken, "images/desktop")]);
  const [hash] = readdirSync(path.join(data, "images/desktop"));
  execFileSync("cp", ["-al", path.join(data, "images/desktop", hash), path.join(broken, "images/desktop", hash)]);
  const other = await Server.start({ data: broken });
  try {
    const session = await other.createSession();
    assert.ok((await other.json("GET", at(session.id, "/desk/log"))).lines.length > 0, "of a new data directory");
    // The next desks are made of a newer image, which is broken.
    // Made aside, as a build is: under its name it is never whole.
    const aside = path.join(broken, "images/desktop/.making");
    execFileSync("cp", ["-al", path.join(data, "images/desktop", hash), aside]);
    const display = path.join(aside, "root/usr/bin/Xvnc");
    unlinkSync(display); // a link that leads nowhere here: rmSync leaves such a one
    writeFileSync(display, "#!/bin/sh\necho '(EE) no screens found' >&2\nexit 3\n", { mode: 0o755 });
    const about = path.join(aside, "image.json");
    const newer = { ...JSON.parse(readFileSync(about, "utf8")), created: "2100-01-01T00:00:00Z" };
    rmSync(about);
    writeFileSync(about, JSON.stringify(newer));
    renameSync(aside, build);
    const changed = (which) => statSync(path.join(broken, "images/desktop", which)).ctimeMs;
    assert.ok(changed(path.basename(build)) > changed(hash), "the host's clock was set back meanwhile");

    const refused = await other.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none" } });
    const started = refused.body.desk && [
      identity(broken, refused.body.desk.id),
      await other.json("GET", at(refused.body.id, "/desk/log?lines=100")),
      (await other.json("POST", at(refused.body.id, "/desk/terminal/execute"), { command: "ls -la /usr/bin/Xvnc; stat -Lc '%d:%i %s' /usr/bin/Xvnc; readlink /proc/$(pgrep -o Xvnc)/exe; ps axo pid,etimes,args" })).output,
      execFileSync("ls", ["-lai", path.join(build, "root/usr/bin/Xvnc"), path.join(broken, "images/desktop")], { encoding: "utf8" }),
    ];
    assert.equal(refused.status, 503, JSON.stringify([refused.body, started]));
    assert.equal(refused.body.code, "display_failed");
    assert.match(refused.body.detail, /display: \(EE\) no screens found/);
    await until("nothing is kept of a session that never was", () => readdirSync(path.join(broken, "logs")).length === 1);

    process.kill(identity(broken, session.desk.id).pid, "SIGKILL");
    await until("the first desk has failed", async () => (await other.json("GET", at(session.id))).desk.state === "failed");
    const renewed = await other.request("POST", at(session.id, "/desk/renew"), { body: undefined });
    assert.match(renewed.body.detail, /no screens found/);
    const { lines } = await other.json("GET", at(session.id, "/desk/log"));
    const ofSecond = lines.filter((line) => line.desk !== session.desk.id);
    assert.equal(ofSecond.filter(({ program, text }) => program === "display" && text === "(EE) no screens found").length, 5);
    assert.equal(ofSecond.filter(({ program, text }) => program === "init" && text === "the display ended with status 3").length, 5);
    assert.match(ofSecond.at(-1).text, /^the display ended 5 times within a minute and is not started again$/);
  } finally {
    await other.end();
    // Its jail may be emptying the trash still.
    rmSync(broken, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
  }
});
