// What a page waits for beyond the dialogs of its scripts: printing, logins, the question whether to leave.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onPages, serveInDesk } from "../lib/pages.mjs";

const port = 8221;
const home = `http://127.0.0.1:${port}`;
const pages = onPages(async () => {
  await serveInDesk(pages, { "/": { body: `<title>Open</title><a href="http://127.0.0.1:8222/vault">Vault</a>` } }, port);
  await pages.write(
    "/home/agent/vault.py",
    `import http.server, base64
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ok = self.headers.get('Authorization') == 'Basic ' + base64.b64encode(b'ada:right').decode()
        self.send_response(200 if ok else 401)
        self.send_header('Content-Type', 'text/html')
        if not ok: self.send_header('WWW-Authenticate', 'Basic realm="The vault"')
        self.end_headers()
        self.wfile.write(b'<title>Inside</title><p>Gold' if ok else b'<title>Outside</title><p>Members only')
    def log_message(self, *rest): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 8222), Handler)
print('listening', flush=True)
server.serve_forever()
`,
  );
  await pages.run("python3 vault.py > vault.log 2>&1 & until grep -q listening vault.log; do sleep 0.02; done");
});
const ask = async (operation, body) => (await pages.desk.ask(operation, body)).body;
const dialog = (more) => pages.post("browser/page/dialog", more);
const vault = "http://127.0.0.1:8222/vault";

describe("a print dialog", () => {
  const printing = `<title>Bill</title><button onclick="window.print(); document.title = 'after'">Print</button>`;

  test("is told at once, is no tab, and is dismissed", async () => {
    await pages.open(printing);
    const clicked = await pages.post("browser/page/click", { ref: await pages.ref(/"Print"/) });
    assert.equal(clicked.dialog.type, "print");
    assert.equal((await pages.refused("browser/page/read")).code, "dialog_open");
    assert.equal((await pages.get("browser/tabs")).tabs.length, 1);
    assert.equal((await pages.refused("browser/page/dialog", { action: "accept" })).code, "not_acceptable");
    const { dialogs, dialog: still } = await dialog({ action: "dismiss" });
    assert.equal(still, undefined);
    assert.deepEqual(dialogs.at(-1), { type: "print", message: dialogs.at(-1).message, open: false, accepted: false, text: "" });
    assert.equal(await pages.evaluate("document.title"), "after");
  });

  test("belongs to the tab that prints, also behind another window", async () => {
    await pages.open(printing);
    const [first] = (await pages.get("browser/tabs")).tabs;
    const { tab_id: other } = await pages.post("browser/tabs/new", { url: "data:text/html,<title>Other</title><p>Quiet", new_window: true });
    const looked = async (tab) => (await dialog({ action: "look", tab })).dialog;
    // Printed by a script: nothing brings its window to the front.
    await pages.post("browser/cdp/evaluate", { tab: first.tab_id, script: "setTimeout(() => document.querySelector('button').click(), 0)" });
    await until("it is told", () => looked(first.tab_id));
    assert.equal(await looked(other), undefined);
    assert.match((await pages.post("browser/page/read", { tab: other, filter: "all" })).text, /Quiet/);
    assert.equal((await pages.refused("browser/page/read", { tab: first.tab_id })).code, "dialog_open");
    await dialog({ action: "dismiss", tab: first.tab_id });
    assert.equal((await pages.post("browser/cdp/evaluate", { tab: first.tab_id, script: "document.title" })).result, "after");
    await pages.post("browser/tabs/close", { tab: other });
  });

  test("holds up neither the toolset nor a navigation", async () => {
    await pages.open(printing);
    const { texts } = await pages.tool("left_click", { target: await pages.target(/"Print"/) });
    assert.match(texts.join(), /A print dialog .* was dismissed/);
    assert.equal(await pages.evaluate("document.title"), "after");
    await pages.post("browser/page/click", { ref: await pages.ref(/"Print"/) });
    await pages.post("browser/cdp/navigate", { url: home });
    assert.match(await pages.read(), /link "Vault"/);
  });
});

describe("a login", () => {
  test("that is asked for is a dialog; in vain it is one again, and then the page is there", async () => {
    const told = await ask("browser/cdp/navigate", { url: vault });
    assert.equal(told.success, false);
    assert.match(told.error, /login: "http:\/\/127\.0\.0\.1:8222 \(The vault\)".*user and password/);
    assert.equal((await dialog({ action: "look" })).dialog.type, "login");
    assert.equal((await pages.refused("browser/page/dialog", { action: "accept" })).code, "no_user");
    assert.equal((await dialog({ action: "accept", user: "ada", password: "wrong" })).dialog.type, "login");
    const { dialog: open } = await dialog({ action: "accept", user: "ada", password: "right" });
    assert.equal(open, undefined);
    await until("the page is there", async () => /"Gold"/.test(await pages.read()));
    await pages.post("browser/cdp/navigate", { url: `${vault}/other` });
    assert.match(await pages.read(), /"Gold"/, "the browser keeps it");
  });

  test("that a link leads to is told, dismissed and left", async () => {
    // Another realm's door: the browser keeps what it was given for the first.
    const other = vault.replace("127.0.0.1", "localhost");
    await pages.post("browser/cdp/navigate", { url: home });
    await pages.evaluate(`document.querySelector("a").href = ${JSON.stringify(other)}`);
    await pages.post("browser/page/click", { ref: await pages.ref(/"Vault"/) });
    await until("it is told", async () => (await dialog({ action: "look" })).dialog?.type === "login");
    const { dialog: open, dialogs } = await dialog({ action: "dismiss" });
    assert.equal(open, undefined);
    assert.deepEqual([dialogs.at(-1).open, dialogs.at(-1).accepted], [false, false]);
    await until("what others see is there", async () => /"Members only"/.test(await pages.read()));
    assert.match((await ask("browser/cdp/navigate", { url: other })).error, /login/);
    await pages.post("browser/cdp/navigate", { url: home });
    assert.equal((await dialog({ action: "look" })).dialog, undefined);
    assert.match(await pages.failure("navigate", { url: other }), /asks for a user and a password/);
    assert.match((await pages.tool("navigate", { url: other.replace("//", "//ada:right@") })).text, /Inside/);
  });
});

test("a navigation with the question whether to leave open is answered with it", async () => {
  await pages.open(`<script>addEventListener("beforeunload", (event) => event.preventDefault())</script><button>Stay</button>`);
  await pages.post("browser/page/click", { ref: await pages.ref(/"Stay"/) });
  for (let times = 0; times < 2; ++times) {
    const { success, error } = await ask("browser/cdp/navigate", { url: home });
    assert.equal(success, false);
    assert.match(error, /shows a dialog \(beforeunload/);
  }
  assert.match((await ask("browser/tabs/reload", {})).error, /beforeunload/);
  await dialog({ action: "accept" });
  await until("it has left", async () => /link "Vault"/.test((await ask("browser/page/read", { filter: "all" })).text ?? ""));
});
