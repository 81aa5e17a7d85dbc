// A tiny RFB 3.8 server (RFC 6143): one picture in Raw encoding, and a record of every key and pointer message.
// A view-only viewer's keys and pointer are dropped, as Carrel's filter does.

/**
 * Serves one viewer on `channel`; `screen` is shared by all viewers of a desk: {width, height, pixels, record}. While it
 * is `held`, pictures stay away, as on a slow line.
 */
export function serveRfb(channel, screen, viewOnly) {
  let pending = Buffer.alloc(0);
  let state = "version";
  let waiting = false;
  const update = () => {
    waiting = false;
    channel.send(fullUpdate(screen));
  };
  const changed = () => waiting && !screen.held && update();
  const cut = (text) => state === "ready" && channel.send(serverCutText(text));
  screen.viewers.add(changed);
  screen.cutters.add(cut);
  channel.onClose = () => {
    screen.viewers.delete(changed);
    screen.cutters.delete(cut);
  };
  const steps = {
    version: () => take(12, () => ((state = "security"), channel.send(Buffer.from([1, 1])))),
    security: () => take(1, () => ((state = "init"), channel.send(Buffer.alloc(4)))),
    init: () => take(1, () => ((state = "ready"), channel.send(serverInit(screen)))),
    ready: () => message(),
  };
  const take = (length, action) => {
    if (pending.length < length) return false;
    const bytes = pending.subarray(0, length);
    pending = pending.subarray(length);
    action(bytes);
    return true;
  };
  const message = () => {
    const length = messageLength(pending);
    return length > 0 && take(length, (bytes) => handle(bytes));
  };
  const handle = (bytes) => {
    const type = bytes[0];
    if (type === 3) {
      waiting = true;
      if (bytes[1] === 0) changed();
    } else if (viewOnly) {
      return;
    } else if (type === 4) {
      screen.record.push({
        kind: "key",
        down: bytes[1] === 1,
        keysym: bytes.readUInt32BE(4),
      });
    } else if (type === 5) {
      screen.record.push({
        kind: "pointer",
        buttons: bytes[1],
        x: bytes.readUInt16BE(2),
        y: bytes.readUInt16BE(4),
      });
    } else if (type === 6) {
      screen.record.push({
        kind: "cut",
        text: bytes.subarray(8).toString("latin1"),
      });
    }
  };
  channel.onMessage = (data) => {
    pending = Buffer.concat([pending, data]);
    while (steps[state]());
  };
  channel.send(Buffer.from("RFB 003.008\n"));
}

/** Length of the client message at the start of `data`; 0 when it is not whole. Unknown types are an error. */
function messageLength(data) {
  if (data.length === 0) return 0;
  const fixed = { 0: 20, 3: 10, 4: 8, 5: 6 }[data[0]];
  if (fixed) return data.length >= fixed ? fixed : 0;
  if (data[0] === 2) return data.length < 4 ? 0 : whole(data, 4 + 4 * data.readUInt16BE(2));
  if (data[0] === 6) return data.length < 8 ? 0 : whole(data, 8 + data.readUInt32BE(4));
  throw new Error(`RFB client message ${data[0]} is not known here`);
}

const whole = (data, length) => (data.length >= length ? length : 0);

function serverInit({ width, height }) {
  const name = Buffer.from("desk");
  const bytes = Buffer.alloc(24 + name.length);
  bytes.writeUInt16BE(width, 0);
  bytes.writeUInt16BE(height, 2);
  bytes.set([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16], 4);
  bytes.writeUInt32BE(name.length, 20);
  name.copy(bytes, 24);
  return bytes;
}

function fullUpdate({ width, height, pixels }) {
  const head = Buffer.alloc(16);
  head.writeUInt16BE(1, 2);
  head.writeUInt16BE(width, 8);
  head.writeUInt16BE(height, 10);
  return Buffer.concat([head, pixels]);
}

function serverCutText(text) {
  const content = Buffer.from(text, "latin1");
  const bytes = Buffer.alloc(8 + content.length);
  bytes[0] = 3;
  bytes.writeUInt32BE(content.length, 4);
  content.copy(bytes, 8);
  return bytes;
}
