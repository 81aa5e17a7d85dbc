// The server's half of a WebSocket (RFC 6455) over a socket that node:http handed over: binary messages only.
import { createHash } from "node:crypto";

/** Answers the handshake; returns `{send(bytes), close(), onMessage, onClose}`. Throws when it is not one. */
export function acceptWebSocket(request, socket) {
  const key = request.headers["sec-websocket-key"];
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (!key || request.headers["sec-websocket-version"] !== "13") throw new Error("not a WebSocket handshake");
  if (!offered.includes("binary")) throw new Error("the subprotocol must be binary");
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: binary\r\n\r\n`,
  );
  return frames(socket);
}

function frames(socket) {
  let pending = Buffer.alloc(0);
  const channel = {
    send: (bytes) => socket.writable && socket.write(Buffer.concat([header(0x82, bytes.length), bytes])),
    close: () => socket.end(Buffer.from([0x88, 0x00])),
    destroy: () => socket.destroy(),
    onMessage: () => {},
    onClose: () => {},
  };
  socket.setNoDelay(true);
  socket.on("data", (data) => {
    pending = Buffer.concat([pending, data]);
    for (let frame = parse(pending); frame; frame = parse(pending)) {
      pending = pending.subarray(frame.length);
      if (frame.opcode === 8) return channel.close();
      if (frame.opcode === 2 || frame.opcode === 0) channel.onMessage(frame.payload);
      else if (frame.opcode === 9)
        socket.write(Buffer.concat([header(0x8a, frame.payload.length), frame.payload]));
      else if (frame.opcode === 1) socket.destroy(new Error("a text frame on a binary stream"));
    }
  });
  socket.on("error", () => {});
  socket.on("close", () => channel.onClose());
  return channel;
}

function header(first, length) {
  if (length < 126) return Buffer.from([first, length]);
  const bytes = Buffer.alloc(length < 65536 ? 4 : 10);
  bytes[0] = first;
  bytes[1] = length < 65536 ? 126 : 127;
  if (length < 65536) bytes.writeUInt16BE(length, 2);
  else bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}

/** One whole frame at the start of `data`, unmasked, or nothing yet. Clients must mask. */
function parse(data) {
  if (data.length < 2) return undefined;
  if (!(data[1] & 0x80)) throw new Error("a client's frame without a mask");
  let length = data[1] & 0x7f;
  let at = 2;
  if (length === 126) {
    if (data.length < 4) return undefined;
    length = data.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (data.length < 10) return undefined;
    length = Number(data.readBigUInt64BE(2));
    at = 10;
  }
  if (data.length < at + 4 + length) return undefined;
  const mask = data.subarray(at, at + 4);
  const payload = Buffer.from(data.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < payload.length; i++) payload[i] ^= mask[i & 3];
  return { opcode: data[0] & 0x0f, payload, length: at + 4 + length };
}
