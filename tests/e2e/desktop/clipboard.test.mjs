// The clipboard of a real desk: texts and pictures, small and large, from and to programs of the desk.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { constants, deflateSync, inflateSync } from "node:zlib";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { Viewer } from "../lib/wire.mjs";

const desk = onDesk();
const { ask, get, post, request, run } = desk;

const read = (query = "") => get(`system/clipboard${query}`);
const write = (body) => ask("system/clipboard", body);
const upload = (name, bytes) => post("file/write", { path: name, file_text: bytes.toString("base64") });

async function set(body) {
  const answer = await write(body);
  assert.deepEqual([answer.status, answer.body.success], [200, true], JSON.stringify(answer.body).slice(0, 300));
}

/** What a program of the desk gets when it pastes. */
const paste = (target, selection = "clipboard") => run(`timeout 20 xclip -o -selection ${selection} -t '${target}'`);
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const pasted = async (target) => (await run(`timeout 40 xclip -o -selection clipboard -t '${target}' | sha256sum`)).slice(0, 64);
/** A program of the desk copies a file. */
const copy = (file, target = "UTF8_STRING", selection = "clipboard") => run(`xclip -i -selection ${selection} -t '${target}' ${file} > /dev/null 2>&1`);

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  let crc = ~0;
  for (const byte of body) for (let bit = 0, at = (crc ^= byte); bit < 8; ++bit) crc = (at = crc & 1) ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  const frame = Buffer.alloc(8 + body.length);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(~crc >>> 0, 4 + body.length);
  return frame;
}

/** A PNG of random grey pixels: it takes about width × height bytes. */
function png(width, height) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  const rows = randomBytes((width + 1) * height);
  for (let y = 0; y < height; ++y) rows[y * (width + 1)] = 0;
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("IDAT", deflateSync(rows, { level: 0 })), chunk("IEND", Buffer.alloc(0))]);
}

describe("a text", () => {
  test("that a client sets is pasted in every form that programs ask for", async () => {
    const text = "Grüße €, 你好 😀\n\ttab";
    await set({ content: text });
    const { content, types, image } = await read();
    assert.deepEqual([content, types, image], [text, ["text/plain"], undefined]);
    for (const target of ["UTF8_STRING", "text/plain;charset=utf-8", "text/plain", "TEXT"]) assert.equal(await paste(target), text, target);
    const latin1 = await run("timeout 20 xclip -o -selection clipboard -t STRING | od -An -v -tx1 | tr -d ' \\n'");
    assert.equal(latin1, Buffer.from("Grüße ?, ?? ?\n\ttab", "latin1").toString("hex"));
    const targets = (await paste("TARGETS")).trim().split("\n");
    for (const target of ["TARGETS", "TIMESTAMP", "UTF8_STRING", "STRING"]) assert.ok(targets.includes(target), target);
    assert.ok(!targets.includes("image/png"));
    await set({ content: "" });
    assert.equal((await read()).content, "");
  });

  test("that a program copies is read, whatever its form", async () => {
    await run("printf 'von dort: 你好' > /tmp/utf8; printf 'Gr\\xfc\\xdfe' > /tmp/latin1; printf 'a\\xffb' > /tmp/broken; printf '<b>x</b>' > /tmp/html");
    await copy("/tmp/utf8");
    await until("it is read", async () => (await read()).content === "von dort: 你好");
    await copy("/tmp/latin1", "STRING");
    await until("Latin-1 is read", async () => (await read()).content === "Grüße");
    await copy("/tmp/broken");
    await until("broken text is mended", async () => (await read()).content === "a\ufffdb");
    await copy("/tmp/html", "text/html");
    const other = await until("another type is told", async () => {
      const found = await read();
      return found.types.includes("text/html") && found;
    });
    assert.equal(other.content, "");
  });

  test("of megabytes goes both ways whole", async () => {
    const text = Array.from({ length: 150_000 }, (_, i) => `${i} Zeilen für 你`).join("\n");
    await set({ content: text });
    assert.equal(await pasted("UTF8_STRING"), digest(text));
    assert.equal((await read()).content, text);
    await run("seq 1 600000 > /tmp/long; true");
    await copy("/tmp/long");
    const expected = (await run("sha256sum < /tmp/long")).slice(0, 64);
    await until("the long text is read", async () => digest((await read()).content) === expected);
  });

  test("that is marked is another than the one that is copied", async () => {
    await set({ content: "copied" });
    await set({ content: "marked", selection: "primary" });
    assert.equal(await paste("UTF8_STRING"), "copied");
    assert.equal(await paste("UTF8_STRING", "primary"), "marked");
    assert.deepEqual([(await read()).content, (await read("?selection=primary")).content], ["copied", "marked"]);
    await run("printf other > /tmp/other");
    await copy("/tmp/other", "UTF8_STRING", "primary");
    await until("the program's is read", async () => (await read("?selection=primary")).content === "other");
    assert.equal((await read()).content, "copied");
  });
});

describe("a picture", () => {
  test("that a client sets is pasted, beside a text if there is one", async () => {
    const small = png(20, 10);
    await set({ image: small.toString("base64") });
    assert.equal(await pasted("image/png"), digest(small));
    assert.deepEqual((await read()).types, ["image/png"]);
    assert.equal((await read("?type=image")).image, small.toString("base64"));
    await set({ image: small.toString("base64"), content: "its name" });
    assert.equal(await pasted("image/png"), digest(small));
    assert.equal(await paste("UTF8_STRING"), "its name");
    assert.deepEqual((await read()).types, ["text/plain", "image/png"]);
    const { content, image } = await read("?type=image");
    assert.deepEqual([content, image], ["", small.toString("base64")]);
    await set({ content: "only text" });
    assert.equal((await read("?type=image")).image, undefined);
  });

  test("that a program copies is read", async () => {
    const small = png(33, 21);
    await upload("/tmp/small.b64", small);
    await run("base64 -d /tmp/small.b64 > /tmp/small.png");
    await copy("/tmp/small.png", "image/png");
    await until("it is read", async () => (await read("?type=image")).image === small.toString("base64"));
    assert.equal((await read()).content, "");
  });

  test("of almost 16 MiB goes both ways whole", async () => {
    const large = png(4000, 4100);
    await set({ image: large.toString("base64") });
    assert.equal(await pasted("image/png"), digest(large));
    await run("timeout 40 xclip -o -selection clipboard -t image/png > /tmp/large.png");
    await set({ content: "in between" });
    await copy("/tmp/large.png", "image/png");
    await until("it is read", async () => (await read("?type=image")).image === large.toString("base64"), 60);
    // The desk has given the memory back when it owns nothing large any more.
    await set({ content: "" });
  });
});

describe("what does not work is said", () => {
  test("for what is no text or picture", async () => {
    const wrong = [{}, { content: 5 }, { image: "" }, { image: "no base64!" }, { image: Buffer.from("GIF89a..........").toString("base64") }, { content: "x", selection: "secondary" }, { text: "x" }];
    for (const body of wrong) assert.equal((await write(body)).status, 422, JSON.stringify(body));
    assert.equal((await write("{")).status, 422);
    assert.equal((await write({ image: png(4200, 4200).toString("base64") })).status, 422);
    assert.equal((await write({ content: "x".repeat(5 << 20) })).status, 422);
    for (const query of ["?type=video", "?selection=x", "?what=1"]) assert.equal((await request("GET", `system/clipboard${query}`)).status, 422, query);
  });

  test("for a program that owns it and gives nothing; then it works again", async () => {
    await run("printf stuck > /tmp/stuck");
    await copy("/tmp/stuck");
    await until("it is read", async () => (await read()).content === "stuck");
    await run("kill -STOP $(pgrep -x xclip)");
    const silent = await request("GET", "system/clipboard");
    assert.deepEqual([silent.status, silent.body.code], [504, "clipboard_owner_silent"]);
    // What else the desk does goes on meanwhile.
    const slow = request("GET", "system/clipboard");
    assert.equal((await request("GET", "screen/info")).status, 200);
    await slow;
    // Its late answers are not taken for those of the next one.
    await run("pkill -CONT -x xclip; true");
    await until("it is read again", async () => (await read()).content === "stuck");
    await set({ content: "after" });
    assert.equal((await read()).content, "after");
  });

  test("for more than is read", async () => {
    await run("head -c 20000000 /dev/zero | tr '\\0' x > /tmp/huge");
    await copy("/tmp/huge");
    const huge = await until("it is refused", async () => {
      const answer = await request("GET", "system/clipboard");
      return answer.status !== 200 && answer;
    });
    assert.deepEqual([huge.status, huge.body.code], [507, "clipboard_too_large"]);
    assert.match(huge.body.detail, /16 MiB/);
    // Its owner has come to its end and answers as well the next time, and goes when it owns nothing any more.
    for (let i = 0; i < 10; ++i) assert.equal((await request("GET", "system/clipboard")).status, 507);
    await set({ content: "after" });
    assert.equal(await paste("UTF8_STRING"), "after");
    await until("it has gone", async () => (await run("pgrep -f '[/]tmp/huge' | wc -l")) === "0\n");
  });

  test("for programs that ask for pieces and never take them", async () => {
    await set({ content: "y".repeat(1 << 20) });
    for (let i = 0; i < 30; ++i) await run("xclip -o -selection clipboard > /dev/null & p=$!; kill -STOP $p; true");
    assert.equal(await pasted("UTF8_STRING"), digest("y".repeat(1 << 20)));
    await run("pkill -KILL -x xclip; true");
  });
});

/**
 * A viewer with the extended clipboard of TigerVNC and noVNC (rfbproto, "Extended Clipboard Pseudo-Encoding"):
 * announces what it has, gives it when it is asked, and takes what the desk announces.
 */
class Copier {
  static flags = { text: 1, caps: 1 << 24, request: 1 << 25, peek: 1 << 26, notify: 1 << 27, provide: 1 << 28 };
  has = undefined;
  received = undefined;
  isReady = false;

  static async open(query = "") {
    const copier = new Copier();
    copier.viewer = await Viewer.open(desk.server, desk.beside(`vnc${query}`));
    assert.equal(copier.viewer.status, 101);
    await copier.viewer.handshake();
    const encodings = Buffer.alloc(12);
    encodings[0] = 2;
    encodings.writeUInt16BE(2, 2);
    encodings.writeInt32BE(0, 4);
    encodings.writeUInt32BE(0xc0a1e5ce, 8);
    copier.viewer.send(encodings);
    copier.listening = copier.#listen().catch((error) => (copier.failure = error));
    // To who only looks it does not, since those could not say that they want no texts unasked.
    if (!query) await until("the display speaks of its clipboard", () => copier.isReady || copier.failure);
    return copier;
  }

  send(flags, data = Buffer.alloc(0)) {
    const head = Buffer.alloc(12);
    head[0] = 6;
    head.writeInt32BE(-(4 + data.length), 4);
    head.writeUInt32BE(flags >>> 0, 8);
    this.viewer.send(Buffer.concat([head, data]));
  }

  copy(text) {
    this.has = text;
    this.send(Copier.flags.notify | Copier.flags.text);
  }

  async #listen() {
    const { text, caps, request, peek, notify, provide } = Copier.flags;
    for (;;) {
      const head = await this.viewer.read(8, "a message").catch((error) => this.isClosed || Promise.reject(error));
      if (this.isClosed) return;
      if (head[0] !== 3) throw new Error(`message ${head[0]}`);
      const length = head.readInt32BE(4);
      const body = await this.viewer.read(Math.abs(length));
      if (length >= 0) continue;
      const flags = body.readUInt32BE(0);
      if (flags & caps) {
        const size = Buffer.alloc(4);
        size.writeUInt32BE(1 << 20);
        this.send(caps | request | peek | notify | provide | text, size);
        this.isReady = true;
      } else if (flags & request) {
        const bytes = Buffer.from(`${this.has}\0`);
        const size = Buffer.alloc(4);
        size.writeUInt32BE(bytes.length);
        this.send(provide | text, deflateSync(Buffer.concat([size, bytes])));
      } else if (flags & notify && flags & text) this.send(request | text);
      else if (flags & provide) this.received = inflateSync(body.subarray(4), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(4).toString().replace(/\0$/, "");
    }
  }

  close() {
    this.isClosed = true;
    this.viewer.close();
  }
}

describe("a viewer", () => {
  test("pastes into the desk what was copied beside it, and the other way round", async () => {
    const viewer = await Copier.open();
    viewer.copy("vom Betrachter: Grüße, 你好 😀\r\nzweite Zeile");
    await until("the desk has it", async () => (await read()).content === "vom Betrachter: Grüße, 你好 😀\nzweite Zeile");
    assert.equal(await paste("UTF8_STRING"), "vom Betrachter: Grüße, 你好 😀\nzweite Zeile");
    await set({ content: "aus dem Pult: €, こんにちは" });
    await until("the viewer has it", () => viewer.failure || viewer.received === "aus dem Pult: €, こんにちは");
    await run("printf 'from a program: ñ' > /tmp/program");
    await copy("/tmp/program");
    await until("a program's, too", () => viewer.failure || viewer.received === "from a program: ñ");
    assert.equal(viewer.failure, undefined);
    viewer.close();
  });

  test("who only looks changes nothing", async () => {
    await set({ content: "untouched" });
    const viewer = await Copier.open("?view_only=true");
    viewer.copy("sneaked in");
    viewer.viewer.send(Buffer.concat([Buffer.from([6, 0, 0, 0, 0, 0, 0, 5]), Buffer.from("plain")]));
    // What comes after it on the same stream has been looked at, so this was, too.
    viewer.viewer.send(Buffer.from([3, 0, 0, 0, 0, 0, 0, 1, 0, 1]));
    await until("the display answers", () => viewer.failure);
    assert.match(viewer.failure.message, /message 0/);
    assert.equal(viewer.isReady, false);
    assert.equal((await read()).content, "untouched");
    viewer.close();
  });

  test("who sends too much is disconnected", async () => {
    const viewer = await Copier.open();
    viewer.viewer.send(Buffer.from([6, 0, 0, 0, 0x7f, 0, 0, 0]));
    await until("it is closed", () => viewer.viewer.closed);
    assert.equal(viewer.viewer.closed, 1008);
    viewer.close();
    assert.equal((await request("GET", "system/clipboard")).status, 200);
  });
});
