// Pictures of a desk's screen through the real programs: formats, frames, waiting for a change, differences.
import assert from "node:assert/strict";
import http from "node:http";
import { beforeEach, describe, test } from "node:test";
import { dataDirectory, until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { descriptors, inside, part } from "../lib/host.mjs";
import { panel, panelIsThere } from "../lib/panel.mjs";
import { putInto, readPng } from "../lib/png.mjs";

const desk = onDesk(() => panelIsThere(desk));
const { at, get, post, problems, request, run } = desk;

const json = (query = "") => get(`screen/screenshot${query}`);
const move = (x, y) => post("mouse/move", { coordinate: { x, y }, observe: "none" });
const bytes = (query = "", headers = {}) => request("GET", `screen/screenshot${query}`, { headers: { accept: "image/png", ...headers } });

/** Shows a window that covers part of the screen; it is there when this returns. */
async function openWindow(title, place) {
  await run(`xterm -title ${title} -geometry ${place} -e sleep 1000 > /dev/null 2>&1 &`);
  await until("the window is there", async () => (await get("window/list")).windows.some((each) => each.title === title));
}
const rests = () => until("the screen rests", async () => (await json("?cursor=false&wait_change=0.5")).change === "unchanged");
/** Away, their frames and their names in the panel, too. */
async function closeWindows() {
  await run("pkill xterm; while pgrep -x xterm > /dev/null; do :; done");
  await until("they are gone", async () => !(await get("window/list")).windows.some(({ class_name }) => class_name === "XTerm"));
  await rests();
}

// The panel's clock shows the next minute within most of them otherwise, sooner or later.
beforeEach(() =>
  until("no new minute begins soon", () => {
    const seconds = new Date().getSeconds();
    return seconds >= 2 && seconds < 45;
  }),
);

/** Kind, width and height by the first bytes. */
function describePicture(picture) {
  if (picture.readUInt32BE(0) === 0x89504e47) return ["png", picture.readUInt32BE(16), picture.readUInt32BE(20)];
  if (picture.subarray(0, 4).toString() === "RIFF" && picture.subarray(8, 12).toString() === "WEBP") {
    if (picture.subarray(12, 16).toString() === "VP8 ") return ["webp", picture.readUInt16LE(26) & 0x3fff, picture.readUInt16LE(28) & 0x3fff];
    const bits = picture.readUInt32LE(21);
    return ["lossless webp", (bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1];
  }
  assert.equal(picture.readUInt16BE(0), 0xffd8);
  assert.equal(picture.readUInt16BE(picture.length - 2), 0xffd9);
  for (let place = 2; ; place += 2 + picture.readUInt16BE(place + 2))
    if (picture[place + 1] === 0xc0) return ["jpeg", picture.readUInt16BE(place + 7), picture.readUInt16BE(place + 5)];
}

describe("a picture", () => {
  test("comes in every format, size and part, by GET and by POST", async () => {
    for (const [wish, ...expected] of [
      [{}, "png", 1024, 768],
      [{ format: "jpeg", quality: 30, scale: 0.5 }, "jpeg", 512, 384],
      [{ format: "webp", width: 100 }, "webp", 100, 75],
      [{ format: "webp", quality: 100, height: 96 }, "lossless webp", 128, 96],
      [{ format: "webp", lossless: true, scale: 0.25 }, "lossless webp", 256, 192],
      [{ width: 50, height: 60 }, "png", 50, 60],
    ]) {
      const query = "?" + new URLSearchParams(wish);
      assert.deepEqual(describePicture(Buffer.from((await json(query)).image, "base64")), expected);
      assert.deepEqual(describePicture(Buffer.from((await post("screen/screenshot", wish)).image, "base64")), expected);
      const raw = await bytes(query, { accept: "image/*" });
      assert.deepEqual(describePicture(raw.body), expected);
      assert.equal(raw.headers["content-type"], `image/${expected[0].split(" ").at(-1)}`);
    }
    const zoom = await post("screen/zoom", { x0: 10, y0: 10, x1: 60, y1: 40, format: "webp", lossless: true });
    assert.deepEqual(describePicture(Buffer.from(zoom.image, "base64")), ["lossless webp", 50, 30]);
  });

  test("has the format that Accept names, and the one of the request where both agree", async () => {
    for (const [accept, query, type] of [
      ["image/webp", "", "image/webp"],
      ["image/jpeg", "?format=webp", "image/jpeg"],
      ["image/png, image/webp", "?format=webp", "image/webp"],
      ["image/*", "", "image/png"],
      ["text/html", "", "application/json"],
    ])
      assert.equal((await bytes(query, { accept })).headers["content-type"], type, `${accept} ${query}`);
  });

  test("of a part shows just that, in its own pixels or enlarged", async () => {
    const whole = readPng((await bytes("?cursor=false")).body);
    const zoom = readPng(Buffer.from((await post("screen/zoom", { x0: 900, y0: 700, x1: 1024, y1: 768, cursor: false })).image, "base64"));
    for (let y = 0; y < 68; y++) for (let x = 0; x < 124; x++) assert.equal(zoom.at(x, y), whole.at(900 + x, 700 + y));
    const large = readPng(Buffer.from((await post("screen/zoom", { x0: 990, y0: 758, x1: 1000, y1: 768, scale: 8, cursor: false })).image, "base64"));
    assert.deepEqual([large.width, large.height, large.at(40, 76)], [80, 80, whole.at(995, 767)]);
  });

  test("shows the pointer, or what is below it", async () => {
    await move(400, 300);
    const [with1, without1] = [await bytes(), await bytes("?cursor=false")];
    await move(500, 300);
    const [with2, without2] = [await bytes(), await bytes("?cursor=false")];
    assert.notEqual(with1.headers.etag, with2.headers.etag);
    assert.equal(without1.headers.etag, without2.headers.etag);
    assert.deepEqual(without1.body, without2.body);
    const [one, none, other] = [with1, without1, with2].map(({ body }) => readPng(body));
    assert.notEqual(one.at(401, 302), none.at(401, 302));
    assert.equal(other.at(401, 302), none.at(401, 302));
    assert.notEqual(other.at(501, 302), none.at(501, 302));
  });

  test("is there while the window manager, whose pointer is shown, is started again", async () => {
    for (let round = 0; round < 3; ++round) {
      process.kill(part(dataDirectory, desk.session.desk.id, "openbox"), "SIGKILL");
      for (let look = 0; look < 30; ++look) {
        const { status, body } = await bytes("?scale=0.1");
        assert.equal(status, 200, JSON.stringify(body));
      }
      await until("the next one is there", async () => (await get("system/health")).success && inside(dataDirectory, desk.session.desk.id, "openbox").length > 0);
    }
    await panelIsThere(desk);
  });

  test("is refused when it would be too large, lies outside, or makes no sense", async () => {
    const size = { x0: 0, y0: 0, x1: 10, y1: 10 };
    for (const [operation, body, field] of [
      ["screen/screenshot", { scale: 9 }, "scale"],
      ["screen/screenshot", { scale: 8 }, "scale"],
      ["screen/screenshot", { width: 16383, height: 16383 }, "width"],
      ["screen/screenshot", { width: 100000 }, "width"],
      ["screen/screenshot", { width: 16383 }, "width"],
      ["screen/screenshot", { width: 0 }, "width"],
      ["screen/screenshot", { scale: 0.5, width: 3 }, "scale"],
      ["screen/screenshot", { format: "gif" }, "format"],
      ["screen/screenshot", { quality: 0 }, "quality"],
      ["screen/screenshot", { format: "jpeg", lossless: true }, "lossless"],
      ["screen/screenshot", { since: "yesterday" }, "since"],
      ["screen/screenshot", { wait_change: 61 }, "wait_change"],
      ["screen/screenshot", { wait_change: -1 }, "wait_change"],
      ["screen/screenshot", { cursor: "no" }, "cursor"],
      ["screen/zoom", { ...size, x1: 1025 }, "x1"],
      ["screen/zoom", { ...size, x0: 10 }, "x1"],
      ["screen/zoom", { ...size, y0: 20 }, "y1"],
      ["screen/zoom", { ...size, x0: -1 }, "x0"],
      ["screen/zoom", { ...size, y0: 768, y1: 769 }, "y0"],
      ["screen/zoom", { x0: 0, y0: 0, x1: 10 }, "y1"],
      ["screen/zoom", { ...size, x0: 2 ** 31 }, "x0"],
    ])
      assert.equal((await problems(operation, body))[0], `body.${field}`, JSON.stringify(body));
    assert.deepEqual((await bytes("?width=abc")).body.detail[0].loc, ["query", "width"]);
    assert.equal((await json("?scale=2")).width, 2048, "what is large but allowed comes");
  });
});

describe("a frame", () => {
  test("is the same while the screen is, and answers 304", async () => {
    await move(300, 300);
    const first = await bytes();
    const tag = first.headers.etag;
    assert.equal((await json()).frame, tag.slice(1, 17));
    const again = await bytes("", { "if-none-match": tag });
    assert.deepEqual([again.status, again.body.length, again.headers.etag, again.headers["content-type"]], [304, 0, tag, undefined]);
    assert.equal((await bytes("", { "if-none-match": `W/"nothing", W/${tag}` })).status, 304);
    assert.equal((await bytes("", { "if-none-match": tag.slice(0, 17) + '"' })).status, 304);
    assert.equal((await bytes("?scale=0.5", { "if-none-match": tag })).status, 200, "another picture of the same frame");
    assert.equal((await bytes("", { "if-none-match": "rubbish" })).status, 200);
    await move(301, 300);
    assert.equal((await bytes("", { "if-none-match": tag })).status, 200);
    await move(300, 300);
    assert.equal((await bytes("", { "if-none-match": tag })).status, 304, "the frame is what is shown, not when");
  });

  test("of a part is not touched by what is elsewhere", async () => {
    const corner = { x0: 0, y0: 0, x1: 100, y1: 100, cursor: false };
    const { frame } = await post("screen/zoom", corner);
    await openWindow("elsewhere", "40x10+300+300");
    assert.equal((await post("screen/zoom", corner)).frame, frame);
    await closeWindows();
  });
});

describe("waiting for a change", () => {
  test("ends when there is one: a window, the pointer", async () => {
    await move(300, 300);
    const { frame } = await json("?cursor=false");
    const waiting = json(`?cursor=false&wait_change=60&since=${frame}`);
    const waitingNow = json("?cursor=false&wait_change=60");
    await move(320, 320);
    await openWindow("appears", "40x10+300+300");
    for (const answer of await Promise.all([waiting, waitingNow])) {
      assert.notEqual(answer.change, "unchanged");
      assert.notEqual(answer.frame, frame);
    }
    await closeWindows();
    const tag = (await bytes()).headers.etag;
    const moved = bytes("?wait_change=60", { "if-none-match": tag });
    await move(333, 333);
    assert.equal((await moved).status, 200);
  });

  test("answers at once what has changed already", async () => {
    const tag = (await bytes()).headers.etag;
    await move(100, 101);
    assert.equal((await bytes("?wait_change=60", { "if-none-match": tag })).status, 200);
    assert.equal((await json("?wait_change=60&since=0123456789abcdef")).change, "whole");
  });

  test("ends without one after its time", async () => {
    await move(101, 101);
    const tag = (await bytes("?cursor=false")).headers.etag;
    assert.equal((await bytes("?cursor=false&wait_change=0.05", { "if-none-match": tag })).status, 304);
    const { change, image, frame } = await json("?cursor=false&wait_change=0.05");
    assert.deepEqual([change, image, frame], ["unchanged", undefined, tag.slice(1, 17)]);
  });

  test("does not go on for clients that have gone", async () => {
    const tools = part(dataDirectory, desk.session.desk.id, "carrel-desk", "serve");
    const clients = 24; // more than there are kept connections to the desk
    const before = descriptors(tools);
    const { hostname, port } = new URL(desk.server.url);
    const waiting = Array.from({ length: clients }, () => {
      const request = http.get({ hostname, port, path: at("screen/screenshot?cursor=false&wait_change=60"), agent: false });
      request.on("error", () => {});
      return request;
    });
    await until("all of them wait", () => descriptors(tools) >= before + clients / 2);
    for (const request of waiting) request.destroy();
    await until("nobody waits any more", () => descriptors(tools) <= before, 20);
  });

  test("is told when the display ends, and then all is well again", async () => {
    const waiting = bytes("?wait_change=60&cursor=false");
    const pid = await run("pgrep -x Xvnc");
    await run("kill -9 $(pgrep -x Xvnc)");
    const { status, body } = await waiting;
    assert.deepEqual([status, body.code], [503, "display_restarted"]);
    await until("another one runs", async () => ![pid, ""].includes(await run("pgrep -x Xvnc || true")));
    await until("it shows something", async () => (await bytes()).status === 200);
    await until("its panel is there", async () => readPng((await bytes("?cursor=false")).body).at(1000, 764) === panel);
  });
});

describe("the difference to a frame", () => {
  test("is nothing, rectangles or the whole, and makes the old picture the new one exactly", async () => {
    const take = async (query) => json(`?cursor=false&${query}`);
    await rests();
    const old = await take("");
    const picture = readPng(Buffer.from(old.image, "base64"));
    assert.equal((await take(`since=${old.frame}`)).change, "unchanged");

    await openWindow("small", "20x3+400+300");
    const some = await until("it is painted", async () => {
      const answer = await take(`since=${old.frame}`);
      return answer.change !== "unchanged" && answer;
    });
    assert.equal(some.change, "rectangles");
    assert.equal(some.image, undefined);
    for (const { x, y, width, height, image } of some.rectangles) {
      const part = readPng(Buffer.from(image, "base64"));
      assert.deepEqual([part.width, part.height], [width, height]);
      putInto(picture, part, { x, y });
    }
    // The terminal may still paint: what is shown then is in the next difference.
    const all = readPng((await bytes("?cursor=false")).body);
    const rest = await take(`since=${some.frame}`);
    for (const each of rest.rectangles ?? []) putInto(picture, readPng(Buffer.from(each.image, "base64")), each);
    if (rest.change === "unchanged") assert.deepEqual(picture.pixels, all.pixels);
    await closeWindows();

    const above = { x0: 0, y0: 0, x1: 1024, y1: 700, cursor: false };
    const { frame } = await post("screen/zoom", above);
    await run("xsetroot -solid '#123456'");
    const whole = await until("the root is repainted", async () => {
      const answer = await post("screen/zoom", { ...above, since: frame });
      return answer.change !== "unchanged" && answer;
    });
    assert.equal(whole.change, "whole");
    assert.equal(readPng(Buffer.from(whole.image, "base64")).at(10, 10), 0x123456);
  });
});

describe("eight clients", () => {
  test("get pictures of one moment each, while the screen changes without end", async () => {
    await run("touch /tmp/painting; (i=1000; while [ -e /tmp/painting ]; do i=$((i + 7)); xsetroot -solid $(printf '#%06x' $i); done) > /dev/null 2>&1 &");
    const { frame } = await json("?cursor=false");
    await json(`?cursor=false&wait_change=20&since=${frame}`);
    const frames = new Set();
    const client = async () => {
      for (let i = 0; i < 12; i++) {
        const { body, headers } = await bytes("?cursor=false");
        frames.add(headers.etag);
        const picture = readPng(body);
        const colour = picture.at(0, 0);
        for (let place = 0; place < 1024 * 700; place++) if (picture.pixels[place] !== colour) assert.fail(`${picture.pixels[place]} beside ${colour}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    await run("rm /tmp/painting");
    assert.ok(frames.size > 8, `${frames.size} different pictures`);
  });
});
