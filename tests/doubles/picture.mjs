// A made-up desktop as pixels, and pixels as PNG: enough for a page to have something to show.
import { crc32, deflateSync } from "node:zlib";

/** RGBA pixels of `width`×`height`; `step` moves the window, so that pictures of different steps differ. */
export function desktopPixels(width, height, step = 0) {
  const pixels = Buffer.alloc(width * height * 4);
  fill(pixels, width, height);
  const shift = (step * 37) % 120;
  box(pixels, width, 110 + shift, 70 + shift / 2, width - 400, height - 260, [214, 219, 216]);
  box(pixels, width, 111 + shift, 71 + shift / 2, width - 402, 34, [58, 74, 68]);
  box(pixels, width, 111 + shift, 106 + shift / 2, width - 402, height - 297, [250, 250, 247]);
  for (let line = 0; line < 9; line++) {
    const length = 180 + ((line * 131 + step * 53) % (width - 700));
    box(
      pixels,
      width,
      150 + shift,
      140 + shift / 2 + line * 34,
      length,
      10,
      line === 0 ? [29, 107, 82] : [186, 190, 184],
    );
  }
  box(pixels, width, 0, height - 34, width, 34, [32, 38, 36]);
  for (let icon = 0; icon < 5; icon++)
    box(
      pixels,
      width,
      14 + icon * 44,
      height - 26,
      18,
      18,
      [
        [108, 199, 163],
        [224, 168, 80],
        [240, 137, 124],
        [150, 180, 220],
        [200, 200, 190],
      ][icon],
    );
  return pixels;
}

function fill(pixels, width, height) {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      pixels[at] = 40 + Math.round((30 * x) / width);
      pixels[at + 1] = 86 + Math.round((36 * y) / height);
      pixels[at + 2] = 84 + Math.round((30 * (x + y)) / (width + height));
      pixels[at + 3] = 255;
    }
  }
}

function box(pixels, width, left, top, w, h, [r, g, b]) {
  const x0 = Math.round(left);
  const y0 = Math.round(top);
  for (let y = y0; y < Math.round(y0 + h); y++) {
    for (let x = x0; x < Math.round(x0 + w); x++) {
      const at = (y * width + x) * 4;
      if (x < 0 || x >= width || at < 0 || at + 3 >= pixels.length) continue;
      pixels[at] = r;
      pixels[at + 1] = g;
      pixels[at + 2] = b;
    }
  }
}

/** PNG (W3C PNG specification, §5 and §11): 8-bit RGBA, no filter. */
export function png(pixels, width, height) {
  const rows = Buffer.alloc((width * 4 + 1) * height);
  for (let y = 0; y < height; y++)
    pixels.copy(rows, y * (width * 4 + 1) + 1, y * width * 4, (y + 1) * width * 4);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32 ? crc32(body) : crc(body), body.length + 4);
  return framed;
}

// node:zlib has crc32 since 20.15; Debian's Node may be older.
function crc(bytes) {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return ~value >>> 0;
}
