// What an ordinary HTTP client would not do: bytes as they are, and a WebSocket by hand.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { until } from "./carrel.mjs";

/** Connects to the server; what it answers grows in `.answer`, and `.ended` tells that it closed. */
export async function connect(server) {
  const { hostname, port } = new URL(server.url);
  const socket = net.connect(Number(port), hostname);
  socket.answer = "";
  socket.ended = false;
  socket.on("data", (bytes) => (socket.answer += bytes.toString("latin1")));
  socket.on("close", () => (socket.ended = true));
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Sends these bytes and gives everything answered until the server closes (or a whole head came). */
export async function exchange(server, bytes, { untilClosed = false, seconds = 30 } = {}) {
  const socket = await connect(server);
  socket.write(bytes);
  const isDone = () => socket.ended || (!untilClosed && socket.answer.includes("\r\n\r\n"));
  await until("an answer to raw bytes", isDone, seconds);
  const { answer, ended } = socket;
  socket.destroy();
  return { answer, ended, status: Number(answer.match(/^HTTP\/1\.1 (\d{3})/)?.[1] ?? 0) };
}

function frame(opcode, payload) {
  const mask = randomBytes(4);
  const body = Buffer.from(payload).map((byte, at) => byte ^ mask[at % 4]);
  const length = body.length < 126 ? [0x80 | body.length] : [0x80 | 126, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length]), mask, body]);
}

/**
 * A WebSocket client. `status` is that of the handshake; `bytes` is everything that came in messages;
 * `closed` is the code of the end, once it came.
 */
export class Viewer {
  bytes = Buffer.alloc(0);
  closed = undefined;
  #pending = Buffer.alloc(0);

  static async open(server, target, headers = {}) {
    const viewer = new Viewer();
    const { hostname, port } = new URL(server.url);
    const request = http.request({
      hostname,
      port,
      path: target,
      agent: false,
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
        "Sec-WebSocket-Protocol": "binary",
        ...headers,
      },
    });
    request.end();
    await new Promise((resolve, reject) => {
      request.on("error", reject);
      request.on("response", (answer) => {
        viewer.status = answer.statusCode;
        answer.resume();
        answer.on("end", resolve);
      });
      request.on("upgrade", (answer, socket, head) => {
        viewer.status = answer.statusCode;
        viewer.socket = socket;
        socket.on("data", (bytes) => viewer.#take(bytes));
        socket.on("close", () => (viewer.closed ??= 1006));
        socket.on("error", () => {});
        if (head.length) viewer.#take(head);
        resolve();
      });
    });
    return viewer;
  }

  #take(bytes) {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const data = this.#pending;
      if (data.length < 2) return;
      let [length, at] = [data[1] & 127, 2];
      if (length === 126) [length, at] = [data.length >= 4 ? data.readUInt16BE(2) : Infinity, 4];
      else if (length === 127) [length, at] = [data.length >= 10 ? Number(data.readBigUInt64BE(2)) : Infinity, 10];
      if (data.length < at + length) return;
      const payload = data.subarray(at, at + length);
      this.#pending = data.subarray(at + length);
      const opcode = data[0] & 15;
      if (opcode === 8) this.closed ??= payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      else if (opcode === 9) this.socket.write(frame(10, payload));
      else if (opcode <= 2) this.bytes = Buffer.concat([this.bytes, payload]);
    }
  }

  send(bytes) {
    this.socket.write(frame(2, bytes));
  }

  /** Waits for so many bytes from the display and takes them. */
  async read(count, what = "bytes of the display") {
    await until(what, () => this.bytes.length >= count || this.closed);
    if (this.bytes.length < count) throw new Error(`${what}: closed with ${this.closed}`);
    const taken = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    return taken;
  }

  /** RFC 6143, 7.1 and 7.3: up to the first rectangle of the screen; gives the screen's size. */
  async handshake() {
    const version = await this.read(12, "the display's version");
    if (!version.toString().startsWith("RFB 003.008")) throw new Error(`no RFB: ${version}`);
    this.send(version);
    const [count] = await this.read(1);
    await this.read(count);
    this.send([1]);
    if ((await this.read(4)).readUInt32BE(0) !== 0) throw new Error("the display refused");
    this.send([1]);
    const init = await this.read(24);
    await this.read(init.readUInt32BE(20));
    return { width: init.readUInt16BE(0), height: init.readUInt16BE(2) };
  }

  close() {
    this.socket?.destroy();
  }
}
