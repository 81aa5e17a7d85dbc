// A person at a viewer, as far as the desk can tell: keys by RFB (RFC 6143, 7.5.4, and QEMU's extended key events).
import assert from "node:assert/strict";
import { Viewer } from "./wire.mjs";

/** Keysyms of X11. */
export const keys = { shift: 0xffe1, control: 0xffe3, capsLock: 0xffe5, level3: 0xfe03, return: 0xff0d, backSpace: 0xff08 };

/** Latin-1 has its own numbers as keysyms, everything else those of Unicode. */
export function keysymOf(character) {
  if (character === "\n") return keys.return;
  const point = character.codePointAt(0);
  return (point >= 0x20 && point < 0x7f) || (point >= 0xa0 && point < 0x100) ? point : 0x01000000 | point;
}

/** RFC 6143, 7.5.4. */
export function keyEvent(keysym, isDown) {
  const message = Buffer.alloc(8);
  message[0] = 4;
  message[1] = isDown ? 1 : 0;
  message.writeUInt32BE(keysym, 4);
  return message;
}

/** The same with the place of the key, as a PC's keyboard numbers it (XT). */
export function placedKeyEvent(keysym, place, isDown) {
  const message = Buffer.alloc(12);
  message[0] = 255;
  message[3] = isDown ? 1 : 0;
  message.writeUInt32BE(keysym, 4);
  message.writeUInt32BE(place, 8);
  return message;
}

export const stroke = (keysym) => Buffer.concat([keyEvent(keysym, true), keyEvent(keysym, false)]);
const isCapital = (character) => character !== character.toLowerCase();

/** The messages of one character; a capital is typed with Shift, as on a keyboard. */
export function characterEvents(character) {
  const typed = stroke(keysymOf(character));
  return isCapital(character) ? Buffer.concat([keyEvent(keys.shift, true), typed, keyEvent(keys.shift, false)]) : typed;
}

/** A viewer in control, past its handshake. */
export async function openPerson(desk) {
  const viewer = await Viewer.open(desk.server, desk.beside("vnc"));
  assert.equal(viewer.status, 101);
  await viewer.handshake();
  return {
    viewer,
    send: (...messages) => viewer.send(Buffer.concat(messages)),
    /** All at once, quicker than anybody types. */
    type: (text) => {
      // A frame of the WebSocket takes what a small length can say.
      for (const character of text) viewer.send(characterEvents(character));
    },
    /** One character after the other, with so many milliseconds between. */
    typeSlowly: async (text, pause) => {
      for (const character of text) {
        viewer.send(characterEvents(character));
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    },
    close: () => viewer.close(),
  };
}
