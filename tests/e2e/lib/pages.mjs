// Pages for tests of the browser: written into the desk, which has no network, and opened there.
import assert from "node:assert/strict";
import { onDesk } from "./desk.mjs";

/** All members on, those too that are off by default. */
export const everything = Object.fromEntries(
  ["file_upload", "read_console", "read_network", "javascript_exec"].map((name) => [name, { enabled: true }]),
);

/** To be called once, outside of tests: a desk for all tests of the file; `prepare` as for onDesk. */
export function onPages(prepare = () => {}) {
  const pages = new Pages(onDesk(() => prepare(pages)));
  return pages;
}

export class Pages {
  constructor(desk) {
    this.desk = desk;
  }

  /** A call that must succeed. */
  async post(operation, body = {}) {
    const answer = await this.desk.post(operation, body);
    assert.equal(answer.success, true, JSON.stringify(answer));
    return answer;
  }

  get(operation) {
    return this.desk.get(operation);
  }

  /** {status, code, detail} of a call that must be refused. */
  async refused(operation, body = {}) {
    const { status, body: problem } = await this.desk.ask(operation, body);
    assert.ok(status >= 400, `${operation}: ${status} ${JSON.stringify(problem)}`);
    return { status, ...problem };
  }

  async write(path, text) {
    await this.post("file/write", { path, file_text: text });
  }

  run(command) {
    return this.desk.run(command);
  }

  /** Opens a page with this body; `name` tells pages apart. */
  async open(body, name = "page") {
    await this.write(`/home/agent/${name}.html`, `<!doctype html><meta charset=utf-8>${body}`);
    await this.tool("navigate", { url: `file:///home/agent/${name}.html` });
  }

  /** The whole answer of a member of the toolset. */
  call(name, input = {}, configs = everything) {
    return this.desk.post("browser/toolset", { name, input, configs });
  }

  /** The content of a member that must work: {text, texts, image, state}. */
  async tool(name, input = {}) {
    const { content, is_error } = await this.call(name, input);
    const texts = content.filter(({ type }) => type === "text").map(({ text }) => text);
    assert.equal(is_error, false, `${name} ${JSON.stringify(input)}: ${texts.join(" ")}`);
    const state = content.at(-1);
    assert.equal(state.type, "browser_state");
    const image = content.find(({ type }) => type === "image");
    return { text: texts[0], texts, image: image && Buffer.from(image.source.data, "base64"), state };
  }

  /** What a member says that must fail. */
  async failure(name, input = {}, configs = everything) {
    const { success, error, content, is_error } = await this.call(name, input, configs);
    assert.equal(success, false);
    assert.equal(is_error, true);
    assert.ok(
      content.length > 0 && content.every(({ type, text }) => type === "text" && text),
      JSON.stringify(content),
    );
    assert.equal(error, content[0].text);
    return error;
  }

  /** The page's tree. */
  async read(wish = { filter: "all" }) {
    return (await this.post("browser/page/read", wish)).text;
  }

  /** The same as soon as it matches: a frame of another site that is slow to start is left out at first. */
  async readUntil(pattern) {
    for (const end = Date.now() + 60_000; ; ) {
      const tree = await this.read();
      if (pattern.test(tree)) return tree;
      assert.ok(Date.now() < end, `${pattern}: ${tree}`);
    }
  }

  /** The reference of the one element whose line matches. */
  async ref(pattern) {
    const lines = (await this.read())
      .split("\n")
      .filter((line) => pattern.test(line) && /\[ref_\d+\]/.test(line));
    assert.equal(lines.length, 1, `${pattern}: ${lines.join(" | ") || "no such line"}`);
    return lines[0].match(/\[(ref_\d+)\]/)[1];
  }

  async target(pattern) {
    return { type: "ref", ref: await this.ref(pattern) };
  }

  /** The value of an expression in the page. */
  async evaluate(text) {
    return JSON.parse(
      (await this.tool("javascript_exec", { text: `JSON.stringify(${text}) ?? "null"` })).text,
    );
  }
}

export const sizeOf = (png) => {
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
};

/** A program of the desk that serves pages at 127.0.0.1 and, as another site, at localhost. */
export async function serveInDesk(pages, handlers, port = 8123) {
  const routes = Object.entries(handlers).map(([path, { status = 200, headers = {}, body = "" }]) => [
    path,
    [status, headers, body],
  ]);
  const name = `/home/agent/served-${port}`;
  await pages.write(
    `${name}.py`,
    `import http.server, json
routes = json.loads(${JSON.stringify(JSON.stringify(Object.fromEntries(routes)))})
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, headers, body = routes.get(self.path.split('?')[0], [404, {}, 'nothing here'])
        self.send_response(status)
        for name, value in {'Content-Type': 'text/html; charset=utf-8', **headers}.items(): self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())
    do_POST = do_GET
    def log_message(self, *rest): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', ${port}), Handler)
print('listening', flush=True)
server.serve_forever()
`,
  );
  await pages.run(
    `python3 ${name}.py > ${name}.log 2>&1 & until grep -q listening ${name}.log; do sleep 0.02; done`,
  );
  return `http://127.0.0.1:${port}`;
}
