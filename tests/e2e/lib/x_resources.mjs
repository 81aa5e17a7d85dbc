// How many resources (windows, pixmaps, graphic contexts, …) the clients of a desk's X server hold, asked by
// the X-Resource extension: X11 core protocol, and Xorg's xresproto for its two requests.
import net from "node:net";

const extension = "X-Resource";
const [queryClients, queryClientResources] = [1, 2];

/** Speaks X11 over a Unix socket: one request, one reply. */
class Display {
  constructor(socket) {
    this.socket = socket;
    this.waiting = Buffer.alloc(0);
    this.sequence = 0;
    socket.on("data", (bytes) => {
      this.waiting = Buffer.concat([this.waiting, bytes]);
      this.wake?.();
    });
    socket.on("error", (error) => (this.failure = error));
    socket.on("close", () => {
      this.failure ??= new Error("the X server closed the connection");
      this.wake?.();
    });
  }

  async read(count) {
    while (this.waiting.length < count) {
      if (this.failure) throw this.failure;
      await new Promise((resolve) => (this.wake = resolve));
    }
    const bytes = this.waiting.subarray(0, count);
    this.waiting = this.waiting.subarray(count);
    return bytes;
  }

  async open() {
    const hello = Buffer.alloc(12);
    hello.write("l");
    hello.writeUInt16LE(11, 2);
    this.socket.write(hello);
    const head = await this.read(8);
    const rest = await this.read(head.readUInt16LE(6) * 4);
    if (head[0] !== 1) throw new Error(`the X server refuses: ${rest.toString("latin1")}`);
    this.base = rest.readUInt32LE(4);
  }

  /** The reply's 32 bytes and what follows them. */
  async ask(opcode, minor, body) {
    const request = Buffer.concat([Buffer.from([opcode, minor, 0, 0]), body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
    request.writeUInt16LE(request.length / 4, 2);
    this.socket.write(request);
    for (;;) {
      const head = await this.read(32);
      if (head[0] === 0) throw new Error(`X error ${head[1]}`);
      if (head[0] === 1) return Buffer.concat([head, await this.read(head.readUInt32LE(4) * 4)]);
    }
  }
}

/** All clients but this one: {clients, resources} of the X server whose socket is at `file`. */
export async function xResources(file) {
  const socket = net.connect(file);
  const display = new Display(socket);
  try {
    await display.open();
    const name = Buffer.alloc(4 + extension.length);
    name.writeUInt16LE(extension.length, 0);
    name.write(extension, 4);
    const found = await display.ask(98, 0, name);
    if (!found[8]) throw new Error("the X server has no X-Resource extension");
    const opcode = found[9];
    const listed = await display.ask(opcode, queryClients, Buffer.alloc(0));
    let [clients, resources] = [0, 0];
    for (let i = 0; i < listed.readUInt32LE(8); ++i) {
      const base = listed.readUInt32LE(32 + 8 * i);
      if (base === display.base) continue;
      const id = Buffer.alloc(4);
      id.writeUInt32LE(base);
      const counted = await display.ask(opcode, queryClientResources, id);
      ++clients;
      for (let k = 0; k < counted.readUInt32LE(8); ++k) resources += counted.readUInt32LE(36 + 8 * k);
    }
    return { clients, resources };
  } finally {
    socket.destroy();
  }
}
