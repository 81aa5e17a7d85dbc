// Reads the PNGs that desks make: 8 bits, with a palette or RGB, rows without a filter.
import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";

/** {width, height, at(x, y)} of a PNG; `at` gives a colour as a number, 0xrrggbb. */
export function readPng(bytes) {
  assert.equal(bytes.subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
  let [palette, width, height, step] = [undefined, 0, 0, 3];
  const data = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.subarray(at + 4, at + 8).toString();
    const content = bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at));
    if (type === "IHDR") [width, height, step] = [content.readUInt32BE(0), content.readUInt32BE(4), content[9] === 3 ? 1 : 3];
    if (type === "PLTE") palette = content;
    if (type === "IDAT") data.push(content);
  }
  const rows = inflateSync(Buffer.concat(data));
  assert.equal(rows.length, (width * step + 1) * height);
  const pixels = new Uint32Array(width * height);
  for (let y = 0, from = 0; y < height; y++) {
    assert.equal(rows[from++], 0, "a filter");
    for (let x = 0; x < width; x++, from += step)
      pixels[y * width + x] = palette ? palette.readUIntBE(3 * rows[from], 3) : (rows[from] << 16) | (rows[from + 1] << 8) | rows[from + 2];
  }
  return { width, height, pixels, at: (x, y) => pixels[y * width + x] };
}

/** Puts `part` into `picture` at a place. */
export function putInto(picture, part, { x, y }) {
  for (let row = 0; row < part.height; row++)
    picture.pixels.set(part.pixels.subarray(row * part.width, (row + 1) * part.width), (y + row) * picture.width + x);
}
