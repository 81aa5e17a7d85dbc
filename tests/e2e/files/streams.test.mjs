// Bodies that are refused, or that fail, while they stream: what is wrong is told as it is, every time.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import http from "node:http";
import { describe, test } from "node:test";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { run, at } = desk;
const rounds = 20;
const mebibyte = 1 << 20;
const bytes = { "content-type": "application/octet-stream" };

/** A ustar header; its checksum is right. */
function header(name, size, type = "0") {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write("0000644\0" + "0000000\0" + "0000000\0", 100);
  block.write(size.toString(8).padStart(11, "0") + "\0" + "00000000000\0" + "        " + type, 124);
  block.write("ustar\0" + "00", 257);
  block.write(block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\0 ", 148);
  return block;
}
const tar = (...parts) => Buffer.concat([...parts, Buffer.alloc(1024)]);

/** The answer to a body that is sent with its length, or in chunks. */
function send(method, target, body, isChunked) {
  const { hostname, port } = new URL(desk.server.url);
  const length = isChunked ? {} : { "content-length": body.length };
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path: target, agent: false, headers: { ...bytes, ...length } }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode, body: JSON.parse(Buffer.concat(pieces).toString()) }));
    });
    request.on("error", reject);
    for (let place = 0; place < body.length; place += mebibyte) request.write(body.subarray(place, place + mebibyte));
    request.end();
  });
}

async function alwaysRefused(target, method, body, status, reason, count = rounds) {
  for (let round = 0; round < count; ++round)
    for (const isChunked of [false, true]) {
      const answer = await send(method, target, body(), isChunked);
      assert.equal(answer.status, status, `round ${round}: ${JSON.stringify(answer.body)}`);
      assert.match(answer.body.detail, reason);
      assert.equal(answer.body.success, false);
      assert.match(answer.body.error, reason);
    }
}

describe("an archive that streams and is refused", () => {
  const extract = (archive) => at(`file/extract?path=streams&archive=${archive}`);

  test("at its first entry, with 4 MB behind it", () => {
    const archive = tar(header("../escaped", 10), Buffer.alloc(512, "x"), header("large", 4 * mebibyte), randomBytes(4 * mebibyte));
    return alwaysRefused(extract("tar"), "POST", () => archive, 400, /leads out/);
  });

  test("since it is none", () => alwaysRefused(extract("tar"), "POST", () => randomBytes(4 * mebibyte), 400, /this is no tar/));

  test("as a zip that is none", () => alwaysRefused(extract("zip"), "POST", () => randomBytes(4 * mebibyte), 400, /zip/, 5));
});

describe("a file system that fills up", () => {
  /** Of the smallest one that the agent can write to. */
  const small = async () => {
    const folder = (await run("echo ${XDG_RUNTIME_DIR:?}")).trim();
    const free = Number((await run(`df -B1 --output=avail ${folder} | tail -1`)).trim());
    assert.ok(free > mebibyte && free < 128 * mebibyte, `${folder} has ${free} bytes`);
    return { folder, free };
  };
  const isEmptyAgain = async ({ folder, free }) => {
    assert.equal(await run(`find ${folder} -name '.carrel-*' -o -name 'fills*' -type f -size +${mebibyte}c`), "");
    assert.ok(Number((await run(`df -B1 --output=avail ${folder} | tail -1`)).trim()) > free - mebibyte);
  };

  test("while a file is uploaded in chunks", async () => {
    const place = await small();
    const body = Buffer.alloc(place.free + 8 * mebibyte, "x");
    for (let round = 0; round < 5; ++round) {
      const answer = await send("PUT", at(`file/upload?path=${place.folder}/fills`), body, true);
      assert.equal(answer.status, 507, JSON.stringify(answer.body));
      assert.match(answer.body.detail, /space|full|room/);
    }
    await isEmptyAgain(place);
  });

  test("while an archive is unpacked", async () => {
    const place = await small();
    const files = [];
    for (let number = 0; number * 4 * mebibyte < place.free + 8 * mebibyte; ++number) files.push(header(`fills${number}`, 4 * mebibyte), Buffer.alloc(4 * mebibyte, "x"));
    const archive = tar(...files);
    for (let round = 0; round < 5; ++round) {
      const answer = await send("POST", at(`file/extract?path=${place.folder}/unpacked&archive=tar`), archive, round % 2 === 0);
      assert.equal(answer.status, 507, JSON.stringify(answer.body));
      assert.match(answer.body.detail, /entries were unpacked, but then/);
      await run(`rm -r ${place.folder}/unpacked`);
    }
    await isEmptyAgain(place);
  });
});
