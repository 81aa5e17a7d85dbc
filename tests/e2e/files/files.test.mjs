// Files of a desk through the real server: what editors, people and programs do with them, and what they should not
// be able to do.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import { before, describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { ask, at, request, run } = desk;
/** The answer of a call that must work. */
const call = async (name, body) => {
  const answer = await ask(name, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.success, true, answer.body.error);
  return answer.body;
};
const read = (target, headers = {}) => request("GET", target, { headers });
const bytes = { "content-type": "application/octet-stream" };
const put = (path, body, query = "") => request("PUT", `file/upload?path=${encodeURIComponent(path)}${query}`, { body, headers: bytes });

describe("editing", () => {
  const path = "/home/agent/edit/notes.txt";
  const edit = async (name, body) => (await call(`file/${name}`, { path, ...body })).output;
  const refused = async (name, body) => {
    const { status, body: answer } = await ask(`file/${name}`, body);
    assert.equal(status, 200);
    assert.equal(answer.success, false);
    return answer.error;
  };

  test("create, view, replace, insert, write and taking each back", async () => {
    assert.equal(await edit("create", { file_text: "one\ntwo\nthree\n" }), `File created successfully at: ${path}`);
    assert.equal(await edit("view", { view_range: [2, 3] }), `Here's the result of running \`cat -n\` on ${path}:\n     2\ttwo\n     3\tthree\n`);
    assert.match(await edit("replace", { old_str: "two", new_str: "2" }), /has been edited/);
    assert.match(await edit("insert", { insert_line: 3, insert_text: "four" }), /has been edited/);
    await edit("write", { file_text: "zero\n", offset: 0 });
    assert.equal(await run(`cat ${path}`), "zero\n\nthree\nfour\n");
    await edit("write", { file_text: "end", append: true });
    assert.match(await edit("undo_edit"), new RegExp(`^Last edit to ${path} undone successfully\\. Here's the result`));
    await edit("undo_edit");
    await edit("undo_edit");
    await edit("undo_edit");
    assert.equal(await run(`cat ${path}`), "one\ntwo\nthree\n");
    assert.equal(await refused("undo_edit", { path }), `No edit history found for ${path}.`);
  });

  test("what something else changed is not taken back", async () => {
    await edit("replace", { old_str: "two", new_str: "2" });
    await run(`echo more >> ${path}`);
    assert.match(await refused("undo_edit", { path }), /was changed since the last edit/);
    assert.equal(await run(`cat ${path}`), "one\n2\nthree\nmore\n");
  });

  test("edits of one file at the same time lose nothing", async () => {
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i};`);
    await call("file/write", { path: "/tmp/many", file_text: lines.join("\n") });
    const answers = await Promise.all(lines.map((line, i) => ask("file/replace", { path: "/tmp/many", old_str: line, new_str: `done ${i};` })));
    assert.ok(answers.every(({ body }) => body.success));
    assert.equal(await run("grep -c '^done' /tmp/many"), "20\n");
  });

  test("bad paths and texts are refused with a sentence", async () => {
    await run("mkfifo /tmp/pipe; printf 'a\\0b' > /tmp/binary; head -c 20M /dev/zero > /tmp/large");
    assert.match(await refused("view", { path: "relative" }), /not an absolute path/);
    assert.match(await refused("view", { path: "/none" }), /does not exist/);
    assert.match(await refused("view", { path: "/tmp/pipe" }), /is a named pipe/);
    assert.match(await refused("view", { path: "/dev/zero" }), /is a device/);
    assert.match(await refused("view", { path: "/tmp/binary" }), /is not a text file/);
    assert.match(await refused("view", { path: "/tmp/large" }), /larger than 16 MiB/);
    assert.match(await refused("view", { path: "/etc/shadow" }), /Permission denied/);
    assert.match(await refused("view", { path: "/tmp/a\0b" }), /NUL/);
    await call("file/write", { path: "/tmp/plain", file_text: "a\n" });
    assert.match(await refused("replace", { path: "/tmp/plain", old_str: "a", new_str: "b\0" }), /new_str holds the character NUL/);
    assert.match(await refused("insert", { path: "/tmp/plain", insert_line: 0, insert_text: "\0" }), /insert_text holds the character NUL/);
    assert.equal(await run("cat /tmp/plain"), "a\n");
    assert.match(await refused("write", { path: "/tmp/" + "x".repeat(300), file_text: "" }), /too long/i);
    assert.match(await refused("write", { path: "/dev/full", file_text: "x" }), /device/);
    assert.equal((await ask("file/write", { path: "/tmp/x", file_text: "", append: true, offset: 1 })).status, 422);
    assert.equal((await ask("file/create", { path: "/tmp/x" })).status, 422, "file_text is missing");
  });

  test("a text of 15 MB goes in and comes out", async () => {
    const text = "0123456789abcde\n".repeat(950_000);
    await call("file/write", { path: "/tmp/long.txt", file_text: text });
    assert.equal(createHash("md5").update((await read("file/download?path=/tmp/long.txt")).body).digest("hex"), createHash("md5").update(text).digest("hex"));
    assert.match((await call("file/view", { path: "/tmp/long.txt", view_range: [949_999, -1] })).output, /949999\t0123456789abcde\n950000\t0123456789abcde\n$/);
  });
});

describe("the tool server's own", () => {
  test("is not shown, whichever way the path goes", async () => {
    await run("ln -sf /proc/self/maps /tmp/maps");
    const pid = (await run("pgrep -f 'carrel-desk serve' | head -1")).trim();
    for (const path of ["/proc/self/maps", "/proc/thread-self/maps", "/tmp/maps", "/proc/self/environ", "/proc/self/status", `/proc/${pid}/maps`]) {
      const { body } = await ask("file/view", { path });
      assert.equal(body.success, false, path);
      assert.match(body.error, /belongs to the desk's tool server|Permission denied/);
      assert.equal((await read(`file/download?path=${path}`)).status, 403, path);
    }
    assert.equal((await ask("file/stat", { path: "/proc/self/exe" })).status, 403);
    assert.equal((await ask("file/list", { path: "/proc/self/fd" })).status, 403);
    assert.equal((await ask("file/write", { path: "/proc/self/mem", file_text: "x", offset: 4096 })).body.success, false);
    assert.match((await call("file/view", { path: "/proc/meminfo" })).output, /MemTotal/);
    assert.match((await read("file/download?path=/proc/meminfo")).body.toString(), /^MemTotal/);
  });
});

describe("what there is", () => {
  before(() => run("mkdir -p ~/tree/sub/deep ~/tree/.hid && cd ~/tree && echo needle > a.txt && echo 'no Needle' > sub/b.txt && echo needle > sub/deep/c.md && echo needle > .hid/d.txt && ln -s a.txt link && printf 'needle\\0' > binary && ln -s /etc/shadow shadow"));

  test("the root's own entries have one slash", async () => {
    const { entries } = await call("file/list", { path: "/" });
    assert.ok(entries.some(({ path }) => path === "/home"));
    assert.ok(entries.every(({ path }) => /^\/[^/]+$/.test(path)));
  });

  test("a tree is listed by depth, pattern and limit", async () => {
    const paths = async (body) => (await call("file/list", { path: "tree", ...body })).entries.map(({ path }) => path.replace("/home/agent/tree/", ""));
    assert.deepEqual(await paths({}), [".hid", "sub", "a.txt", "binary", "link", "shadow"]);
    assert.deepEqual(await paths({ depth: 9, hidden: false }), ["a.txt", "binary", "link", "shadow", "sub", "sub/b.txt", "sub/deep", "sub/deep/c.md"]);
    assert.deepEqual(await paths({ depth: 9, glob: "*.txt" }), [".hid/d.txt", "a.txt", "sub/b.txt"]);
    const cut = await call("file/list", { path: "tree", depth: 9, limit: 2 });
    assert.deepEqual([cut.entries.length, cut.truncated, cut.truncated_by], [2, true, "limit"]);
    const link = (await call("file/list", { path: "tree" })).entries.find(({ name }) => name === "link");
    assert.deepEqual([link.type, link.target, link.is_dir, link.size], ["symlink", "a.txt", false, 7]);
  });

  test("stat tells everything of a file and of a link", async () => {
    await run("chmod 640 ~/tree/a.txt; touch -d @1700000000 ~/tree/a.txt");
    const file = await call("file/stat", { path: "tree/a.txt" });
    assert.deepEqual(
      [file.path, file.name, file.type, file.size, file.mode, file.owner, file.modified],
      ["/home/agent/tree/a.txt", "a.txt", "file", 7, "0640", "agent", "2023-11-14T22:13:20.000Z"],
    );
    assert.equal((await read("file/download?path=tree/a.txt")).headers.etag, file.etag);
    assert.equal((await call("file/stat", { path: "tree/link" })).target, "a.txt");
    assert.equal((await ask("file/stat", { path: "none" })).status, 404);
  });

  test("glob finds paths, also from the root", async () => {
    const matches = async (body) => (await call("file/glob", body)).matches;
    assert.deepEqual(await matches({ pattern: "**/*.{txt,md}", path: "tree" }), ["a.txt", "sub/b.txt", "sub/deep/c.md"].map((name) => `/home/agent/tree/${name}`));
    assert.deepEqual(await matches({ pattern: "*.txt", path: "tree" }), ["/home/agent/tree/a.txt"]);
    assert.deepEqual(await matches({ pattern: "/etc/host[n]*" }), ["/etc/hostname"]);
    assert.equal((await ask("file/glob", { pattern: "[a" })).status, 400);
  });

  test("grep finds lines, passes binaries and what may not be read over, and follows no link", async () => {
    const found = await call("file/grep", { pattern: "needle", path: "tree" });
    assert.deepEqual(found.matches.map(({ path, line, text }) => [path.replace("/home/agent/tree/", ""), line, text]), [["a.txt", 1, "needle"], ["sub/deep/c.md", 1, "needle"]]);
    assert.deepEqual([found.files, found.skipped, found.truncated], [3, 1, false]);
    const all = await call("file/grep", { pattern: "NEEDLE", ignore_case: true, path: "tree", glob: "*.txt", hidden: true, context: 1 });
    assert.deepEqual(all.matches.map(({ text }) => text), ["needle", "needle", "no Needle"]);
    assert.deepEqual(all.matches[0].before, []);
    assert.equal((await call("file/grep", { pattern: "needle", path: "tree/a.txt" })).matches.length, 1);
    const many = await call("file/grep", { pattern: "o", path: "/etc/passwd", limit: 3 });
    assert.deepEqual([many.matches.length, many.truncated_by], [3, "limit"]);
    const wrong = await ask("file/grep", { pattern: "(a)\\1", path: "tree" });
    assert.equal(wrong.status, 400);
    assert.match(wrong.body.detail, /RE2/);
  });

  test("names that are no UTF-8, or hold a line end, are told as valid JSON with their bytes", async () => {
    await run("mkdir -p ~/odd && cd ~/odd && touch \"$(printf 'a\\xffb')\" \"$(printf 'x\\ny')\"");
    const { entries } = await call("file/list", { path: "odd" });
    const odd = entries.find(({ name_bytes }) => name_bytes);
    assert.equal(odd.name, "a\ufffdb");
    assert.equal(Buffer.from(odd.name_bytes, "base64").toString("latin1"), "a\xffb");
    assert.ok(entries.some(({ name }) => name === "x\ny"));
    assert.equal((await call("file/stat", { path_bytes: odd.path_bytes })).path_bytes, odd.path_bytes);
    await call("file/copy", { from_bytes: odd.path_bytes, to: "/tmp/even" });
    await call("file/stat", { path: "/tmp/even" });
    assert.equal((await ask("file/stat", {})).status, 422);
    assert.equal((await ask("file/stat", { path: "x", path_bytes: "eA==" })).status, 422);
    assert.equal((await ask("file/delete", { path_bytes: "!" })).status, 422);
    assert.equal((await call("file/glob", { pattern: "odd/*" })).matches.length, 2);
    assert.equal((await request("GET", "file/download?path=odd/a%ffb")).status, 200);
    const missing = await request("GET", "file/download?path=odd/%ff%fe");
    assert.equal(missing.status, 404);
    assert.match(missing.body.detail, /does not exist/);
    await call("file/delete", { path_bytes: odd.path_bytes });
    assert.equal((await call("file/list", { path: "odd" })).entries.length, 1);
  });
});

describe("changing what there is", () => {
  test("copy, move, chmod, symlink, mkdir and delete do what they say", async () => {
    await run("rm -rf ~/c; mkdir -p ~/c/from/in && echo 1 > ~/c/from/in/f && chmod 750 ~/c/from/in/f && ln -s in/f ~/c/from/l");
    assert.equal((await call("file/copy", { from: "c/from", to: "c/to" })).files, 4);
    assert.equal(await run("cd ~/c/to && stat -c '%a %N' in/f l"), "750 'in/f'\n777 'l' -> 'in/f'\n");
    assert.equal((await ask("file/copy", { from: "c/from", to: "c/to" })).status, 409);
    await run("echo changed > ~/c/from/in/f");
    await call("file/copy", { from: "c/from", to: "c/to", overwrite: true });
    assert.equal(await run("cat ~/c/to/in/f"), "changed\n");
    assert.equal((await ask("file/copy", { from: "c/from", to: "c/from/in/below" })).status, 400);
    await call("file/copy", { from: "c/from/in/f", to: "c/" });
    await call("file/move", { from: "c/f", to: "c/new/name" });
    await call("file/move", { from: "c/new/name", to: "/tmp/elsewhere" });
    assert.equal(await run("cat /tmp/elsewhere; ls ~/c/new"), "changed\n");
    await call("file/move", { from: "c/to", to: "/tmp/tree-there" });
    assert.equal(await run("cat /tmp/tree-there/in/f; ls ~/c"), "changed\nfrom\nnew\n");
    await run("echo old > ~/c/old");
    assert.equal((await ask("file/move", { from: "/tmp/elsewhere", to: "c/old" })).status, 409);
    await call("file/move", { from: "/tmp/elsewhere", to: "c/old", overwrite: true });
    assert.equal((await call("file/chmod", { path: "c/from", mode: "700", recursive: true })).files, 3);
    assert.equal(await run("stat -c %a ~/c/from ~/c/from/in ~/c/from/in/f"), "700\n700\n700\n");
    assert.equal((await ask("file/chmod", { path: "c/from", mode: "999" })).status, 422);
    await call("file/symlink", { path: "c/link", target: "old" });
    assert.equal(await run("cat ~/c/link"), "changed\n");
    assert.equal((await call("file/mkdir", { path: "c/x/y/z" })).created, true);
    assert.equal((await call("file/mkdir", { path: "c/x/y/z" })).created, false);
    assert.equal((await ask("file/mkdir", { path: "c/x/y/z", parents: false })).status, 409);
    assert.equal((await ask("file/mkdir", { path: "c/old/below" })).status, 404);
    assert.match((await ask("file/mkdir", { path: "/etc/none/below" })).body.detail, /Permission denied/);
    assert.equal((await ask("file/delete", { path: "c" })).status, 409);
    await run("ln -s /home/agent/tree ~/c/away");
    await call("file/delete", { path: "c", recursive: true });
    assert.equal((await ask("file/stat", { path: "c" })).status, 404);
    assert.equal((await call("file/stat", { path: "tree/a.txt" })).size, 7, "a link is deleted, not what it leads to");
    assert.equal((await ask("file/delete", { path: "/", recursive: true })).status, 400);
    assert.equal((await ask("file/delete", { path: "/etc/passwd" })).status, 403);
  });

  test("pipes and devices are not copied, and hold nothing up", async () => {
    await run("mkdir -p ~/p && mkfifo ~/p/fifo");
    assert.match((await ask("file/copy", { from: "p", to: "q" })).body.detail, /named pipe/);
    assert.match((await ask("file/copy", { from: "/dev/zero", to: "q2" })).body.detail, /device/);
  });
});

describe("bytes", () => {
  const content = randomBytes(3_000_000);
  before(async () => {
    const stored = await put("bytes/data.bin", content);
    assert.deepEqual([stored.status, stored.body.size, stored.body.path], [200, content.length, "/home/agent/bytes/data.bin"]);
  });

  test("are read in ranges", async () => {
    const part = await read("file/read?path=bytes/data.bin&offset=1000&length=70000");
    assert.deepEqual(part.body, content.subarray(1000, 71_000));
    assert.equal(part.headers["content-range"], `bytes 1000-70999/${content.length}`);
    assert.deepEqual((await read("file/read?path=bytes/data.bin&offset=2999990")).body, content.subarray(2_999_990));
    assert.equal((await read("file/read?path=bytes/data.bin&offset=3000000")).body.length, 0);
    assert.equal((await read("file/read?path=bytes/data.bin&offset=99999999&length=5")).body.length, 0);
    assert.equal((await read("file/read?path=bytes/data.bin&offset=-1")).status, 422);
  });

  test("are downloaded in part, and only if they are still the same", async () => {
    const whole = await read("file/download?path=bytes/data.bin");
    assert.equal(whole.status, 200);
    assert.equal(whole.headers["accept-ranges"], "bytes");
    const { etag, "last-modified": modified } = whole.headers;
    const part = await read("file/download?path=bytes/data.bin", { range: "bytes=-10" });
    assert.equal(part.status, 206);
    assert.equal(part.headers["content-range"], `bytes 2999990-2999999/${content.length}`);
    assert.deepEqual(part.body, content.subarray(-10));
    assert.equal((await read("file/download?path=bytes/data.bin", { range: "bytes=0-9", "if-range": etag })).status, 206);
    assert.equal((await read("file/download?path=bytes/data.bin", { range: "bytes=0-9", "if-range": modified })).status, 206);
    assert.equal((await read("file/download?path=bytes/data.bin", { range: "bytes=0-9", "if-range": '"other"' })).status, 200);
    assert.equal((await read("file/download?path=bytes/data.bin", { "if-none-match": etag })).status, 304);
    const beyond = await read("file/download?path=bytes/data.bin", { range: "bytes=3000000-" });
    assert.equal(beyond.status, 416);
    assert.equal(beyond.headers["content-range"], `bytes */${content.length}`);
  });

  test("are written at an offset and at the end", async () => {
    await put("bytes/part", "0123456789");
    assert.equal((await put("bytes/part", "ab", "&offset=3")).body.size, 2);
    await put("bytes/part", "end", "&append=true");
    assert.equal(await run("cat ~/bytes/part"), "012ab56789end");
    await put("bytes/fresh", "x", "&offset=4");
    assert.equal(await run("od -An -c ~/bytes/fresh"), "  \\0  \\0  \\0  \\0   x\n");
  });

  test("an upload needs its own content type, and a name", async () => {
    assert.equal((await request("PUT", "file/upload?path=x", { body: "x", headers: { "content-type": "text/plain" } })).status, 415);
    assert.equal((await put("bytes/", "x")).status, 400);
    assert.equal((await put("/home/agent", "x")).status, 409);
    assert.equal((await request("PUT", "file/upload", { body: "x", headers: bytes })).status, 422);
    assert.equal((await put("/etc/hostname/x", "x")).status, 404);
  });

  test("a sender that goes away leaves what was there", async () => {
    await put("bytes/kept", "old");
    const { hostname, port } = new URL(desk.server.url);
    const sent = http.request({ hostname, port, method: "PUT", path: at("file/upload?path=bytes/kept"), headers: { ...bytes, "content-length": 10_000_000 } });
    sent.on("error", () => {});
    sent.write(Buffer.alloc(2_000_000, "n"));
    await until("it is on its way", async () => (await run("ls -A ~/bytes | grep -c '^.carrel-' || true")) === "1\n");
    sent.destroy();
    await until("nothing of it is left", async () => (await run("ls -A ~/bytes | grep -c '^.carrel-' || true")) === "0\n");
    assert.equal(await run("cat ~/bytes/kept"), "old");
  });

  test("a body without a length is stored whole", async () => {
    const { hostname, port } = new URL(desk.server.url);
    const answer = await new Promise((resolve, reject) => {
      const sent = http.request({ hostname, port, method: "PUT", path: at("file/upload?path=bytes/chunked"), headers: bytes }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode));
      });
      sent.on("error", reject);
      sent.write("some ");
      sent.end("text");
    });
    assert.equal(answer, 200);
    assert.equal(await run("cat ~/bytes/chunked"), "some text");
  });

  test("a full disk is a clear answer, and costs nothing that was there", async () => {
    // /run is a small file system of the desk's own.
    await run("mkdir -p /run/user/1000/full && echo old > /run/user/1000/full/kept");
    const large = Buffer.alloc(80_000_000);
    const refused = await put("/run/user/1000/full/kept", large);
    assert.equal(refused.status, 507, JSON.stringify(refused.body));
    assert.match(refused.body.detail, /no room/);
    assert.equal((await put("/run/user/1000/full/kept", large, "&append=true")).status, 507);
    await run("head -c 62M /dev/zero > /run/user/1000/full/filler; true");
    const text = await ask("file/write", { path: "/run/user/1000/full/kept", file_text: "x".repeat(10_000_000) });
    assert.equal(text.body.success, false);
    assert.match(text.body.error, /space/i);
    assert.equal((await ask("file/copy", { from: "bytes/data.bin", to: "/run/user/1000/full/copy" })).status, 507);
    assert.equal(await run("cat /run/user/1000/full/kept; ls -A /run/user/1000/full; rm /run/user/1000/full/filler"), "old\nfiller\nkept\n");
  });
});

describe("large files", () => {
  const size = 200 << 20;

  test("go in and out whole, with memory flat and others served", async () => {
    const piece = randomBytes(1 << 20);
    const hash = createHash("sha256");
    const { hostname, port } = new URL(desk.server.url);
    const memory = async () => Number((await run("grep VmRSS /proc/$(pgrep -f 'carrel-desk serve' | head -1)/status || echo 0")).replace(/\D/g, ""));
    const before = await memory();
    const upload = new Promise((resolve, reject) => {
      const sent = http.request({ hostname, port, method: "PUT", path: at("file/upload?path=large"), headers: { ...bytes, "content-length": size } }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode));
      });
      sent.on("error", reject);
      let written = 0;
      const more = () => {
        while (written < size) {
          hash.update(piece);
          written += piece.length;
          if (!sent.write(piece)) return sent.once("drain", more);
        }
        sent.end();
      };
      more();
    });
    let calls = 0;
    let done = false;
    const others = (async () => {
      for (; !done; ++calls) await call("terminal/execute", { command: "true" });
    })();
    assert.equal(await upload, 200);
    const digest = hash.digest("hex");
    const download = await new Promise((resolve, reject) => {
      http.get({ hostname, port, path: at("file/download?path=large") }, (response) => {
        const received = createHash("sha256");
        response.on("data", (data) => received.update(data));
        response.on("end", () => resolve(received.digest("hex")));
        response.on("error", reject);
      });
    });
    done = true;
    await others;
    assert.equal(download, digest);
    assert.ok(calls > 10, `${calls} commands were answered meanwhile`);
    assert.ok((await memory()) < before + 8 * 1024, "the tool server has not grown");
    await call("file/delete", { path: "large" });
  });
});
