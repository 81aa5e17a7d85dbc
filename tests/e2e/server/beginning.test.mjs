// A session that says how its desk begins: environment, locale, time zone, proxy, files, a command and a page, seen by
// everything that is started in the desk afterwards.
import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import WebSocket from "ws";
import { at, dataDirectory, Server, until } from "../lib/carrel.mjs";
import { carrel, holds, part } from "../lib/host.mjs";
import { ordinary } from "../lib/desk.mjs";
import { panel } from "../lib/panel.mjs";
import { readPng } from "../lib/png.mjs";

/** A proxy for HTTP inside the desk: it answers every page itself, and keeps what it was asked for. */
const proxy = `
import http.server, sys
class Proxy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open("/home/agent/asked", "a").write(self.path + "\\n")
        page = b"<title>By the proxy</title><p>proxied</p>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 3128), Proxy)
print("listening", flush=True)
server.serve_forever()
`;
const secret = "only-in-the-desk-5e1f";
const wish = {
  ...ordinary,
  environment: { GREETING: "grüß dich 'a' \"b\"\n$HOME", SECRET: secret, PATH: "/home/agent/bin:/usr/local/bin:/usr/bin:/bin", GIT_TERMINAL_PROMPT: "1" },
  locale: "C.utf8",
  time_zone: "Asia/Kathmandu",
  http_proxy: "http://127.0.0.1:3128",
  files: [
    { path: "proxy.py", text: proxy },
    { path: "/home/agent/über/ünïcode 文.txt", text: "grüße\n" },
    { path: "bin/bytes", base64: Buffer.from([0, 255, 10, 13]).toString("base64") },
    { path: "page.html", text: "<title>First page</title><h1>here</h1>" },
  ],
  command: "echo $GREETING >&2; exec python3 proxy.py",
  open_url: "file:///home/agent/page.html",
};

let server;
let session;
const desk = (operation) => at(session.id, `/desk/${operation}`);
const post = (operation, body = {}) => server.json("POST", desk(operation), body);
const get = (operation) => server.json("GET", desk(operation));
const output = async (command) => (await post("terminal/execute", { command, timeout: 60 })).output;

before(async () => {
  server = await Server.start();
  session = await server.createSession(wish);
});
after(() => server?.end());

/** What `env -0` printed, as an object. */
const parsed = (text) => Object.fromEntries(text.split("\0").filter(Boolean).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));

/** Holds an environment of a program against the wish. */
function isAsWished(environment) {
  assert.equal(environment.GREETING, wish.environment.GREETING);
  assert.equal(environment.PATH, wish.environment.PATH);
  assert.equal(environment.LANG, "C.utf8");
  assert.equal(environment.TZ, "Asia/Kathmandu");
  for (const name of ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"]) assert.equal(environment[name], wish.http_proxy, name);
  for (const name of ["no_proxy", "NO_PROXY"]) assert.equal(environment[name], "localhost,127.0.0.1,::1");
  assert.equal(environment.HOME, "/home/agent");
  assert.deepEqual(Object.keys(environment).filter((name) => name.startsWith("CARREL_")), []);
}

/** Of the first process of that name. */
const environmentOf = async (name) => parsed(await output(`cat /proc/$(pgrep -o -x ${name})/environ | base64 -w0`).then((text) => Buffer.from(text, "base64").toString()));

describe("a session that says how its desk begins", () => {
  test("is told as which process its command runs, and tells no value again", async () => {
    assert.equal(session.process_id, "start");
    assert.equal(session.desk.display, true);
    const all = JSON.stringify([
      await server.json("GET", at(session.id)),
      await server.json("GET", "/api/v1/sessions"),
      await server.events(session.id),
      await server.json("GET", at(session.id, "/desk/log?lines=2000")),
    ]);
    assert.ok(!all.includes(secret), all);
    assert.ok(!server.log.includes(secret), server.log);
    assert.ok(!holds(path.join(dataDirectory, "server"), secret));
  });

  test("has its shell, a terminal and a background command in that environment", async () => {
    isAsWished(parsed(Buffer.from(await output("env -0 | base64 -w0"), "base64").toString()));
    assert.equal((await output("date +%Z%z")).trim(), "+0545+0545");
    assert.equal((await output("echo $GIT_TERMINAL_PROMPT")).trim(), "1");
    const { process_id } = await post("terminal/process/start", { command: "env -0" });
    await post("terminal/process/wait", { process_id });
    const { data } = await get(`terminal/process/output?process_id=${process_id}`);
    isAsWished(parsed(data));
    assert.equal(parsed(data).GIT_TERMINAL_PROMPT, "1");
    let text = "";
    const socket = new WebSocket(server.url.replace("http", "ws") + desk("terminal/pty") + "?" + new URLSearchParams({ command: "echo [$TZ] [$LANG] [$http_proxy]" }), ["carrel.pty.v1"]);
    socket.on("message", (bytes, isBinary) => (text += isBinary ? bytes : ""));
    await once(socket, "close");
    assert.match(text, /\[Asia\/Kathmandu\] \[C\.utf8\] \[http:\/\/127\.0\.0\.1:3128\]/);
  });

  test("has files of every name, as the agent's own", async () => {
    assert.equal(await output("cat über/*.txt; ls über; stat -c %U:%a über/*.txt page.html"), "grüße\nünïcode 文.txt\nagent:644\nagent:644\n");
    assert.equal((await output("od -An -tu1 bin/bytes")).trim().replace(/\s+/g, " "), "0 255 10 13");
  });

  test("has its command beside the terminal, with what it printed", async () => {
    const { data } = await get("terminal/process/output?process_id=start&stream=stderr&wait=20");
    assert.equal(data, "grüß dich 'a' \"b\" $HOME\n");
    const { processes } = await get("terminal/process/list");
    assert.deepEqual(processes.filter(({ is_running }) => is_running).map(({ process_id }) => process_id), ["start"]);
  });

  test("shows its page, in a browser that asks the proxy", async () => {
    const { tabs } = await get("browser/tabs");
    assert.deepEqual(tabs.map(({ title }) => title), ["First page"]);
    await until("the proxy listens", async () => (await get("terminal/process/output?process_id=start")).data.includes("listening"));
    const page = await post("browser/cdp/navigate", { url: "http://nowhere.example/some/page" });
    assert.equal(page.title, "By the proxy");
    assert.match(await output("cat asked"), /^http:\/\/nowhere\.example\/some\/page$/m);
    assert.equal((await post("browser/cdp/evaluate", { script: "Intl.DateTimeFormat().resolvedOptions().timeZone" })).result.replace("Katmandu", "Kathmandu"), "Asia/Kathmandu");
    assert.match(await output("curl -s http://other.example/"), /proxied/);
    assert.match(await output("cat asked"), /^http:\/\/other\.example\/$/m);
  });

  test("has the window manager, the panel and what a click there starts in that environment", async () => {
    isAsWished(await environmentOf("openbox"));
    isAsWished(await environmentOf("tint2"));
    await post("browser/close");
    // The panel's second launcher is the terminal.
    await post("mouse/click", { button: "left_click", coordinate: { x: 55, y: 750 }, observe: "none" });
    const opened = await until("a terminal is open", async () => (await get("window/list")).windows.find(({ title }) => /agent|terminal/i.test(title)));
    assert.ok(opened, JSON.stringify(opened));
    isAsWished(await environmentOf("lxterminal"));
  });

  test("has no notice of what was started anew for it", async () => {
    const codes = (await server.events(session.id)).filter(({ event }) => event === "status" || event === "notice").map(({ data }) => data.code);
    assert.deepEqual(codes.filter((code) => /restarted/.test(code ?? "")), []);
    const { lines } = await server.json("GET", at(session.id, "/desk/log?lines=2000"));
    assert.deepEqual(lines.filter(({ text }) => /left alone|not started again/.test(text)), []);
  });

  test("keeps its environment when the tool server is started again", async () => {
    process.kill(part(dataDirectory, session.desk.id, "carrel-desk", "serve"), "SIGKILL");
    await until("it is told", async () => (await server.events(session.id)).some(({ data }) => data.code === "tool_server_restarted"));
    await until("the next one answers", async () => (await server.request("GET", desk("system/health"))).status === 200);
    isAsWished(parsed(Buffer.from(await output("env -0 | base64 -w0"), "base64").toString()));
  });
});

describe("a session that says little", () => {
  test("is not made to wait for a beginning, and answers as its row says", async () => {
    const plain = await server.request("POST", "/api/v1/sessions", { body: ordinary });
    assert.equal(plain.status, 201);
    assert.doesNotMatch(plain.headers["server-timing"], /begin/);
    assert.ok(!("process_id" in plain.body));
    await server.json("DELETE", at(plain.body.id, "?purge=true"));
  });

  test("has the panel on its first picture, when that was started anew for one variable", async () => {
    const { id } = await server.createSession({ ...ordinary, environment: { ONE: "1" } });
    const { body } = await server.request("GET", at(id, "/desk/screen/screenshot?cursor=false"), { headers: { accept: "image/png" } });
    assert.equal(readPng(body).at(1000, 764), panel);
    const { output: text } = await server.json("POST", at(id, "/desk/terminal/execute"), { command: "echo $ONE $http_proxy $TZ $LANG" });
    assert.equal(text.trim(), "1 C.UTF-8");
    await server.json("DELETE", at(id, "?purge=true"));
  });
});

describe("what a desk cannot do", () => {
  const cases = [
    [{ environment: { CARREL_NONCE: "x" } }, "body.environment.CARREL_NONCE"],
    [{ environment: { "NO-NAME": "x" } }, "body.environment.NO-NAME"],
    [{ environment: { A: 1 } }, "body.environment.A"],
    [{ environment: { A: "x".repeat(70_000) } }, "body.environment"],
    [{ time_zone: "../../etc/passwd" }, "body.time_zone"],
    [{ http_proxy: "socks5://user:hidden@proxy:1080" }, "body.http_proxy"],
    [{ files: [{ path: "a" }] }, "body.files.0"],
    [{ files: [{ path: "a", base64: "!" }] }, "body.files.0.base64"],
    [{ files: [{ path: "a", text: "x".repeat(1_100_000) }] }, "body.files"],
    [{ command: "" }, "body.command"],
    [{ open_url: "" }, "body.open_url"],
  ];
  test("is refused before there is one, with its place", async () => {
    for (const [wrong, place] of cases) {
      const { status, body } = await server.request("POST", "/api/v1/sessions", { body: { ...ordinary, ...wrong } });
      assert.equal(status, 422, JSON.stringify([wrong, body]).slice(0, 500));
      assert.deepEqual(body.detail.map(({ loc }) => loc.join(".")), [place]);
      assert.ok(!JSON.stringify(body).includes("hidden"));
    }
  });

  const inside = [
    [{ locale: "de_DE.UTF-8" }, /locale.*no locale de_DE\.UTF-8; it has .*C\.utf8/],
    [{ time_zone: "Europe/Atlantis" }, /time_zone.*no time zone Europe\/Atlantis/],
    [{ time_zone: "tzdata" }, /time_zone/],
    [{ open_url: "javascript:alert(1)" }, /open_url.*an address begins with/],
    [{ files: [{ path: "/etc/passwd", text: "" }] }, /files\.0\.path.*\/etc/],
    [{ files: [{ path: "/proc/self/mem/x", text: "" }] }, /files\.0\.path/],
    [{ files: [{ path: "a", text: "" }, { path: "a/b", text: "" }] }, /files\.1\.path/],
  ];
  test("is refused by the desk with a sentence, and leaves no session and no desk", async () => {
    const count = (await server.json("GET", "/api/v1/sessions?include_archived=true")).total;
    for (const [wrong, sentence] of inside) {
      const { status, body } = await server.request("POST", "/api/v1/sessions", { body: { ...ordinary, ...wrong } });
      assert.equal(status, 422, JSON.stringify([wrong, body]));
      assert.match(JSON.stringify(body.detail), sentence);
    }
    assert.equal((await server.json("GET", "/api/v1/sessions?include_archived=true")).total, count);
  });
});

describe("the server's own proxy", () => {
  test("is given to desks that name none, masked in what is printed, and in no log", async () => {
    const env = { SANDBOX_HTTP_PROXY: "http://user:pass-7a21@127.0.0.1:9" };
    const { output: printed } = await carrel(["serve", "--print-config", "--data", dataDirectory], { env });
    assert.match(printed, /^sandbox_http_proxy = http:\/\/\*\*\*@127\.0\.0\.1:9$/m);
    const bad = await carrel(["serve", "--print-config"], { env: { SANDBOX_HTTP_PROXY: "user:pass-7a21@proxy" } });
    assert.notEqual(bad.code, 0);
    assert.match(bad.error, /SANDBOX_HTTP_PROXY: must be the address of a proxy/);
    assert.ok(!(bad.error + bad.output).includes("pass-7a21"));
    await server.end();
    server = await Server.start({ env });
    session = await server.createSession(ordinary);
    assert.equal((await output("echo $https_proxy")).trim(), env.SANDBOX_HTTP_PROXY);
    const without = await server.createSession({ ...ordinary, http_proxy: "" });
    const { output: none } = await server.json("POST", at(without.id, "/desk/terminal/execute"), { command: "echo [$https_proxy]" });
    assert.equal(none.trim(), "[]");
    assert.ok(!server.log.includes("pass-7a21"), server.log);
  });
});
