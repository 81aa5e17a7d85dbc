// A settled screen shows the page that an input made the browser load, or the answer says that it still loads.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onPages } from "../lib/pages.mjs";
import { readPng } from "../lib/png.mjs";

/** How many late pages; more than the tests need to see whether one in a hundred is missed. */
const count = Number(process.env.CARREL_LATE_PAGES ?? 24);
const home = "http://127.0.0.1:8331";
const pages = onPages(async () => {
  await pages.write("/home/agent/late.py", server);
  await pages.run("python3 late.py > late.log 2>&1 & until grep -q listening late.log; do sleep 0.02; done");
});

/**
 * Answers /KIND?ms=…&colour=… after so many milliseconds: a page of that colour, a colour, a style sheet, or
 * nothing at all; /start?… is a white page whose whole is a link, or what else `how` says.
 */
const server = `import http.server, time, urllib.parse
ways = {
 'link': '<a href="/page?{q}">Go</a>',
 'tab': '<a target=_blank href="/page?{q}">Go</a>',
 'form': '<form action="/page"><button name=colour value={c}>Go</button><input type=hidden name=ms value={m}></form>',
 'fetch': '<a onclick="fetch(\\'/colour?{q}\\').then(r=>r.text()).then(c=>document.body.style.background=c)">Go</a>',
 'two': '<a onclick="(async()=>{{await fetch(\\'/colour?{q}\\');const r=await fetch(\\'/colour?{q}\\');document.body.style.background=await r.text()}})()">Go</a>',
 'styles': '<a onclick="const l=document.createElement(\\'link\\');l.rel=\\'stylesheet\\';l.href=\\'/styles?{q}\\';document.head.append(l)">Go</a>',
 'script': '<a href="/shell?{q}">Go</a>',
 'frame': '<a onclick="document.body.innerHTML=\\'<iframe style=position:fixed;inset:0;width:100%;height:100%;border:0 src=/page?{q}>\\'">Go</a>',
 'image': '<a onclick="const i=new Image();i.onload=()=>{{document.body.style.background=\\'{c}\\'}};i.src=\\'/image?{q}\\'">Go</a>',
 'redirect': '<a href="/redirect?{q}">Go</a>',
 'sandbox': '<button>Go</button>',
 'never': '<a onclick="fetch(\\'/never\\')">Go</a>',
 'beacon': '<a onclick="navigator.sendBeacon(\\'/never\\')">Go</a>',
 'stream': '<a onclick="new EventSource(\\'/never\\')">Go</a>',
 'poll': '<script>(async()=>{{for(;;){{await new Promise(r=>setTimeout(r,100));await fetch(\\'/colour?ms=300&colour=x\\')}}}})()</script><a>Go</a>',
 'alert': '<a onclick="fetch(\\'/never\\');alert(1)">Go</a>',
 'hang': '<a onclick="for(;;);">Go</a>',
 'graphql': '<script>setInterval(()=>fetch(\\'/colour\\',{{method:\\'POST\\',body:\\'news\\'}}),500)</script><a onclick="fetch(\\'/colour?{q}\\',{{method:\\'POST\\',body:\\'mine\\'}}).then(r=>r.text()).then(c=>document.body.style.background=c)">Go</a>',
 'transition': '<a onclick="document.documentElement.style=\\'transition:background 0s {m}ms;background:{c}\\'">Go</a>',
 'worker': '<a onclick="new Worker(\\'/worker.js\\')">Go</a>',
 'drops': '<a onclick="fetch(\\'/drops\\').then(r=>r.text())">Go</a>',
 'xhrdrops': '<a onclick="const x=new XMLHttpRequest();x.open(\\'GET\\',\\'/drops\\');x.send()">Go</a>',
 'write': '<a onclick="document.open();document.write(\\'written\\')">Go</a>',
 'nothing': '<a>Go</a>',
 'download': '<a href="/file?{q}">Go</a>',
 'empty': '<a href="/empty?{q}">Go</a>',
}
style = '<style>html{background:#f0f8ff}html,body{height:100%;margin:0}a,button{position:fixed;inset:0;border:0;background:none;width:100%;height:100%}</style>'
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length'] or 0))
        self.do_GET()
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        q = dict(urllib.parse.parse_qsl(url.query))
        c, m = q.get('colour', 'white'), q.get('ms', '0')
        kind = url.path[1:]
        if kind == 'never': time.sleep(600)
        if kind == 'start':
            return self.answer('text/html', '<!doctype html><title>Start</title>' + style + ways[q['how']].format(q=urllib.parse.urlencode({'ms': m, 'colour': c}), c=c, m=m), more={'Content-Security-Policy': 'sandbox'} if q['how'] == 'sandbox' else {})
        if kind == 'drops':
            self.answer('text/plain', ' ' * 2000, more={'Content-Length': '1000000000'})
            while True: time.sleep(.1); self.wfile.write(b' ' * 2000)
        if kind == 'idle': return self.answer('text/html', "<title>Busy</title><script>onload = () => fetch('/colour?ms=4000').then(r => r.text()).then(() => document.title = 'idle')</script>")
        if kind == 'worker.js': return self.answer('text/javascript', 'setInterval(() => {}, 1000)')
        time.sleep(float(m) / 1000)
        if kind == 'redirect': return self.answer('text/html', '', 302, {'Location': '/page?' + url.query})
        if kind == 'empty': return self.answer('text/html', '', 204)
        if kind == 'file': return self.answer('application/zip', 'PK', 200, {'Content-Disposition': 'attachment; filename=late.zip'})
        if kind == 'page': return self.answer('text/html', '<!doctype html><title>Late</title><style>html{background:%s}</style>' % c)
        if kind == 'shell': return self.answer('text/html', '<!doctype html><title>Late</title><script>fetch("/colour?%s").then(r=>r.text()).then(c=>document.documentElement.style.background=c)</script>' % url.query)
        if kind == 'styles': return self.answer('text/css', 'html{background:%s}' % c)
        if kind == 'image': return self.answer('image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
        self.answer('text/plain', c)
    def answer(self, kind, text, status=200, more={}):
        body = text.encode()
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Cache-Control', 'no-store')
        if status != 204 and 'Content-Length' not in more: self.send_header('Content-Length', str(len(body)))
        for name, value in more.items(): self.send_header(name, value)
        self.end_headers()
        if status != 204: self.wfile.write(body)
    def log_message(self, *rest): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 8331), Handler)
print('listening', flush=True)
server.serve_forever()
`;

const middle = [512, 420];
/** Of /start, so that it is seen when it is painted. */
const startColour = 0xf0f8ff;

/** What the screen shows beside the pointer, in the picture that an answer brings. */
const colourIn = ({ image }) => readPng(Buffer.from(image, "base64")).at(middle[0] - 200, middle[1] + 100);
const numberOf = (colour) => parseInt(colour.slice(1), 16);
const addressOf = (how, { ms = 0, colour = "white" }) =>
  `${home}/start?how=${how}&ms=${ms}&colour=${encodeURIComponent(colour)}`;

/** A page that does this when it is clicked. The click may come before the page has shown anything, which Chromium drops. */
const start = (how, more = {}) => pages.post("browser/cdp/navigate", { url: addressOf(how, more) });

/** Where it is not the matter what becomes of a click that comes before. */
const painted = () => until("the page is painted", async () => colourIn(await pages.get("screen/screenshot")) === startColour);

const click = (more = {}) => pages.post("mouse/click", { button: "left_click", coordinate: { x: middle[0], y: middle[1] }, ...more });

describe("a browser that nobody drives", () => {
  test("that a person opened: its late page is awaited", async () => {
    await pages.run(`chromium '${addressOf("link", { ms: 600, colour: "#123456" })}' >/dev/null 2>&1 &`);
    await until("the page", async () => colourIn(await pages.post("mouse/move", { coordinate: { x: 5, y: 5 } })) === startColour);
    const answer = await click({ limit_ms: 60_000 });
    assert.equal(answer.observed, "settled");
    assert.equal(colourIn(answer), 0x123456);
  });

  test("one that the action itself opens is awaited with its page", async () => {
    await pages.post("browser/close");
    const url = `${home}/page?ms=700&colour=${encodeURIComponent("#654321")}`;
    const answer = await pages.post("browser/open_url", { url, limit_ms: 60_000 });
    assert.equal(answer.observed, "settled");
    assert.equal(colourIn(answer), 0x654321);
  });
});

describe("a late page", () => {
  const kinds = ["link", "fetch", "tab", "styles", "redirect", "form", "two", "script", "frame", "image"];
  const cases = Array.from({ length: count }, (_, n) => ({
    how: kinds[n % kinds.length],
    ms: Math.round(50 + (1450 * ((n * 7) % count)) / count),
    colour: `#${(0x200000 + ((n * 7919 * 131) % 0xc00000)).toString(16)}`,
  }));

  test(`${count} of them, after 50 to 1,500 ms: each is in the picture, or the answer says that it loads`, async () => {
    const missed = [];
    const told = {};
    for (const each of cases) {
      await start(each.how, each);
      const answer = await click();
      const shown = colourIn(answer) === numberOf(each.colour);
      const observed = shown ? `${answer.observed}, shown` : answer.observed;
      told[observed] = (told[observed] ?? 0) + 1;
      if (!shown && answer.observed !== "loading")
        missed.push(`${each.how} ${each.ms} ms: ${answer.observed} ${colourIn(answer).toString(16)}`);
      if (each.how === "tab" && (await pages.get("browser/tabs")).tabs.length > 1) await pages.post("browser/tabs/close");
    }
    console.log(told);
    assert.deepEqual(missed, []);
  });
});

describe("what a page asks for and nobody has to wait for", () => {
  const kinds = ["beacon", "stream", "poll", "alert", "empty", "download", "worker", "drops", "xhrdrops", "write", "nothing"];
  for (const how of kinds)
    test(`${how}: the answer comes before its limit`, async () => {
      await start(how, { ms: 100 });
      // A page that polls has to be seen doing so.
      if (how === "poll") await pages.run("sleep 10");
      const { observed } = await click({ limit_ms: 60_000 });
      assert.notEqual(observed, "loading");
      // Not by a key: one that is heard late would end the next navigation.
      if (how === "alert") {
        await until("the alert is told", async () => (await pages.post("browser/page/dialog")).dialog);
        await pages.post("browser/page/dialog", { action: "dismiss" });
      }
    });
});

test("a new tab is no page that loads", async () => {
  const { observed } = await pages.post("keyboard/key", { key: "ctrl+t", limit_ms: 60_000 });
  assert.notEqual(observed, "loading");
  await until("it is there", async () => (await pages.get("browser/tabs")).tabs.length === 2);
  // Told when it is closed; after a key the next call could still meet it.
  await pages.post("browser/tabs/close");
});

test("what a page asks for over and over does not hide what is asked for at a click", async () => {
  const colour = "#445566";
  await start("graphql", { ms: 400, colour });
  // It has to be seen doing so while nobody acts.
  await pages.run("sleep 10");
  const answer = await click({ limit_ms: 60_000 });
  assert.deepEqual([answer.observed, colourIn(answer)], ["settled", numberOf(colour)]);
});

test("what changes by a transition later is waited for", async () => {
  const colour = "#665544";
  await start("transition", { ms: 300, colour });
  await painted();
  const answer = await click({ limit_ms: 60_000 });
  assert.deepEqual([answer.observed, colourIn(answer)], ["settled", numberOf(colour)]);
});

test("a navigation that waits for an idle network does so when the page has long been loaded", async () => {
  await pages.post("browser/cdp/navigate", { url: `${home}/idle`, wait_until: "networkidle" });
  assert.equal(await pages.evaluate("document.title"), "idle");
});

test("a page that may run no scripts is asked as others are", async () => {
  await start("sandbox");
  await painted();
  // A button that is down is waited for, without a timer that runs there.
  await pages.post("mouse/move", { coordinate: { x: middle[0], y: middle[1] }, observe: "none" });
  const { observed } = await pages.post("mouse/down", { limit_ms: 8000 });
  assert.notEqual(observed, "loading");
  await pages.post("mouse/up", { observe: "none" });
  const { error } = await pages.desk.post("browser/cdp/wait_for_selector", { selector: "#never", timeout_ms: 700 });
  assert.equal(error, '"#never": no element is there');
  await pages.post("browser/cdp/click_selector", { selector: "button" });
});

describe("what does not end", () => {
  for (const how of ["never", "hang"])
    test(`${how}: the answer comes at its limit, and says that it loads`, async () => {
      await start(how);
      await painted();
      const { observed } = await click({ limit_ms: 1000 });
      assert.equal(observed, "loading");
      // A page that hangs has been waited for, and slows nothing else.
      if (how === "hang") {
        const later = await pages.post("mouse/move", { coordinate: { x: 800, y: 750 }, limit_ms: 60_000 });
        assert.notEqual(later.observed, "loading");
      }
      await pages.post("browser/cdp/navigate", { url: "about:blank" });
    });
});
