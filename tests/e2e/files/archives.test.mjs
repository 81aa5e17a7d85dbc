// Whole folders as tar and zip, both ways: GNU tar, unzip and Python read what a desk makes, and the reverse; and
// nothing that an archive says leads out of the directory that gets it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk(() => run(makePack));
const { request, run } = desk;
const folder = mkdtempSync(path.join(os.tmpdir(), "carrel-archives-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const download = (query) => request("GET", `file/download?${query}`);
const extract = (where, archive, body) =>
  request("POST", `file/extract?path=${encodeURIComponent(where)}&archive=${archive}`, { body, headers: { "content-type": "application/octet-stream" } });
/** A program of this machine, in the test's own folder. */
const here = (program, ...words) => execFileSync(program, words, { cwd: folder, encoding: "utf8" });
const store = (name, bytes) => writeFileSync(path.join(folder, name), bytes);
const load = (name) => readFileSync(path.join(folder, name));
const python = (code) => here("python3", "-c", code);

const long = `${"d".repeat(120)}/${"e".repeat(120)}/${"f".repeat(120)}`;
const listing = "find . -mindepth 1 ! -type d -printf '%P %y %m %l\\n' | LC_ALL=C sort; find . -type f -exec md5sum {} + | LC_ALL=C sort";

const makePack = `mkdir -p ~/pack/in/${path.dirname(long)} && cd ~/pack && head -c 3000000 /dev/urandom > random && yes text | head -c 500000 > text && : > empty
    echo long > in/${long} && echo 'ümlaut' > 'in/ä ö.txt' && ln -s ../text in/link && chmod 750 text && mkfifo in/pipe && mkdir in/hollow`;

/** What is in the desk's folder, without the pipe, which no archive has. */
const original = async () => (await run(`cd ~/pack && ${listing}`)).split("\n").filter((line) => !line.startsWith("in/pipe ")).join("\n");

describe("a folder is downloaded", () => {
  test("as tar, which GNU tar and Python read", async () => {
    const answer = await download("path=pack&archive=tar");
    assert.equal(answer.status, 200);
    assert.match(answer.headers["content-disposition"], /pack\.tar/);
    store("made.tar", answer.body);
    here("mkdir", "-p", "tar");
    here("tar", "-xf", "made.tar", "-C", "tar");
    assert.equal(here("sh", "-c", `cd tar/pack && ${listing}`), await original());
    assert.match(here("tar", "-tvf", "made.tar"), /drwx.* pack\/in\/hollow\//);
    assert.equal(python("import tarfile; t = tarfile.open('made.tar'); print(sum(m.size for m in t if m.isfile()))").trim(), "3500013");
  });

  test("as zip, which unzip and Python read", async () => {
    const answer = await download("path=pack&archive=zip");
    store("made.zip", answer.body);
    here("unzip", "-tq", "made.zip");
    here("unzip", "-q", "made.zip", "-d", "zip");
    assert.equal(here("sh", "-c", `cd zip/pack && ${listing}`), await original());
    assert.equal(python("import zipfile; print(zipfile.ZipFile('made.zip').testzip())").trim(), "None");
    assert.ok(answer.body.length < 3_100_000, "texts are compressed");
  });

  test("or it is said why not, before a byte is sent", async () => {
    await run("mkdir -p ~/closed/in && echo x > ~/closed/in/secret && echo y > ~/closed/open && chmod 000 ~/closed/in/secret");
    const refused = await download("path=closed&archive=tar");
    assert.equal(refused.status, 403);
    assert.match(refused.body.detail, /closed\/in\/secret cannot be read/);
    store("part.tar", (await download("path=closed&archive=tar&skip_unreadable=true")).body);
    assert.equal(here("tar", "-tf", "part.tar"), "closed/\nclosed/in/\nclosed/open\n");
    assert.equal((await download("path=none&archive=zip")).status, 404);
    assert.equal((await download("path=pack/text&archive=zip")).status, 400);
    assert.equal((await download("path=pack&archive=rar")).status, 422);
    assert.equal((await download("path=pack")).status, 400, "a folder alone is no file");
  });
});

describe("an archive is unpacked", () => {
  const unpacked = (where) => run(`cd ${where} && ${listing}`);

  test("as the desk itself packed it", async () => {
    const wanted = await original();
    for (const archive of ["tar", "zip"]) {
      const answer = await extract(`/home/agent/back-${archive}`, archive, load(`made.${archive}`));
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      assert.equal(answer.body.size, 3_500_013);
      assert.equal(await unpacked(`~/back-${archive}/pack`), wanted);
    }
  });

  test("as GNU tar writes it, in each of its formats, hard links too", async () => {
    here("sh", "-c", "mkdir -p gnu/a && cd gnu/a && echo one > one && ln one two && ln -s one three && mkdir -p " + path.dirname(long) + " && echo l > " + long);
    for (const format of ["gnu", "pax", "ustar", "v7", "oldgnu"]) {
      const words = ["ustar", "v7"].includes(format) ? ["a/one", "a/two", "a/three"] : ["a"];
      here("tar", `--format=${format}`, "-cf", "gnu.tar", "-C", "gnu", ...words);
      const answer = await extract(`gnu-${format}`, "tar", load("gnu.tar"));
      assert.equal(answer.status, 200, format + JSON.stringify(answer.body));
      assert.equal(await run(`cd ~/gnu-${format}/a && cat one two three && stat -c %h one`), "one\none\none\n2\n");
      if (words.length === 1) assert.equal(await run(`cat ~/gnu-${format}/a/${long}`), "l\n");
    }
  });

  test("as zip and Python write it, stored and deflated, with zip64", async () => {
    here("sh", "-c", "cd gnu && zip -qry ../info.zip a");
    assert.equal((await extract("info", "zip", load("info.zip"))).status, 200);
    assert.equal(await run("cd ~/info/a && cat one three && readlink three"), "one\none\none\n");
    python(`
import zipfile
z = zipfile.ZipFile('py.zip', 'w')
z.writestr('stored', 'a' * 1000)
z.writestr('deflated', 'b' * 100000, zipfile.ZIP_DEFLATED)
with z.open('large/zip64', 'w', force_zip64=True) as f: f.write(b'c' * 10)
z.close()`);
    assert.equal((await extract("py", "zip", load("py.zip"))).body.size, 101_010);
    assert.equal(await run("cd ~/py && wc -c < stored && wc -c < deflated && cat large/zip64"), "1000\n100000\ncccccccccc");
  });

  test("over what is there: files are replaced, links are not followed", async () => {
    await run("mkdir -p ~/over/a ~/outside && echo old > ~/over/a/one && echo precious > ~/outside/two && ln -s ~/outside/two ~/over/a/two");
    here("tar", "-cf", "gnu.tar", "-C", "gnu", "a/one", "a/two");
    assert.equal((await extract("over", "tar", load("gnu.tar"))).status, 200);
    assert.equal(await run("cat ~/over/a/one ~/over/a/two ~/outside/two"), "one\none\nprecious\n");
  });
});

describe("a hostile archive", () => {
  /** A tar of Python's own making, entry by entry. */
  const tar = (code) => {
    python(`
import tarfile, io
t = tarfile.open('bad.tar', 'w')
def add(name, type=tarfile.REGTYPE, data=b'', **more):
    i = tarfile.TarInfo(name); i.type = type; i.size = len(data)
    for k, v in more.items(): setattr(i, k, v)
    t.addfile(i, io.BytesIO(data))
${code}
t.close()`);
    return load("bad.tar");
  };
  const zip = (code) => {
    python(`
import zipfile
z = zipfile.ZipFile('bad.zip', 'w')
${code}
z.close()`);
    return load("bad.zip");
  };
  const nothingEscaped = async () => {
    assert.equal(await run("ls -A /tmp/escaped /home/agent/escaped 2>/dev/null; cat ~/target-outside 2>/dev/null; true"), "");
  };

  test("writes nothing outside its directory", async () => {
    const cases = [
      ["add('../escaped', data=b'x')", /leads out of the directory/],
      ["add('/tmp/escaped', data=b'x')", /absolute/],
      ["add('a/../../escaped', data=b'x')", /leads out of the directory/],
      ["add('l', tarfile.SYMTYPE, linkname='/tmp')", /leads out of the directory/],
      ["add('l', tarfile.SYMTYPE, linkname='../..')", /leads out of the directory/],
      ["add('d', tarfile.DIRTYPE); add('l', tarfile.SYMTYPE, linkname='d'); add('l/escaped', data=b'x')", /a step of its name is a link/],
      ["add('h', tarfile.LNKTYPE, linkname='/etc/passwd')", /absolute/],
      ["add('h', tarfile.LNKTYPE, linkname='../.bashrc')", /leads out of the directory/],
      ["add('d', tarfile.DIRTYPE); add('h', tarfile.LNKTYPE, linkname='d')", /not to a file/],
      ["add('d2', tarfile.DIRTYPE); add('s2', tarfile.SYMTYPE, linkname='d2'); add('h', tarfile.LNKTYPE, linkname='s2/f')", /a step of its name is a link/],
      ["add('deep/in/s', tarfile.SYMTYPE, linkname='../../f'); add('h', tarfile.LNKTYPE, linkname='deep/in/s')", /leads out of the directory/],
      ["add('dev', tarfile.CHRTYPE, devmajor=1, devminor=3)", /device/],
      ["add('dev', tarfile.BLKTYPE)", /device/],
      ["add('fifo', tarfile.FIFOTYPE)", /pipe/],
      ["add('f', data=b'x'); add('f/below', data=b'x')", /a step of its name is a link or a file/],
      ["add('a' * 300, data=b'x')", /more than 255 bytes/],
      ["add('/'.join(['d'] * 300), data=b'x')", /deeper than/],
    ];
    for (const [code, reason] of cases) {
      const answer = await extract("/home/agent/bad", "tar", tar(code));
      assert.ok([400, 409].includes(answer.status), `${code}: ${answer.status}`);
      assert.match(answer.body.detail, reason, code);
      await nothingEscaped();
    }
    for (const [code, reason] of [
      ["z.writestr('../escaped', 'x')", /leads out/],
      ["z.writestr(zipfile.ZipInfo('/tmp/escaped'), 'x')", /absolute/],
      ["i = zipfile.ZipInfo('l'); i.create_system = 3; i.external_attr = 0o120777 << 16; z.writestr(i, '/tmp')", /leads out/],
      ["i = zipfile.ZipInfo('p'); i.create_system = 3; i.external_attr = 0o010644 << 16; z.writestr(i, '')", /device or a pipe/],
    ]) {
      const answer = await extract("/home/agent/bad", "zip", zip(code));
      assert.equal(answer.status, 400, code);
      assert.match(answer.body.detail, reason, code);
      await nothingEscaped();
    }
  });

  test("that is damaged, cut off or none is refused, and half a file is not left", async () => {
    const good = load("made.tar");
    const cut = await extract("cut", "tar", good.subarray(0, 2_000_000));
    assert.equal(cut.status, 400);
    assert.match(cut.body.detail, /ends in the middle/);
    assert.equal(await run("find ~/cut -name '.carrel-*'"), "");
    assert.equal((await extract("cut", "tar", Buffer.alloc(2000, "x"))).status, 400);
    assert.equal((await extract("cut", "tar", "")).status, 400);
    const pack = load("made.zip");
    for (const bytes of [pack.subarray(0, 1_000_000), Buffer.from("PK"), Buffer.alloc(100_000, 7)]) assert.equal((await extract("cut", "zip", bytes)).status, 400);
    const wrong = Buffer.from(zip("z.writestr('x', 'hello')"));
    wrong[wrong.indexOf("hello")] ^= 1;
    assert.match((await extract("cut", "zip", wrong)).body.detail, /checksum/);
    const short = Buffer.from(zip("z.writestr('x', 'a' * 1000, zipfile.ZIP_DEFLATED)"));
    short.writeUInt32LE(10, short.lastIndexOf("PK\x01\x02") + 24);
    assert.match((await extract("cut", "zip", short)).body.detail, /longer than/);
    assert.equal(await run("find ~/cut -name '.carrel-*'"), "");
  });

  test("that unpacks to more than there is room for is refused before it is tried", async () => {
    const bomb = zip("z.writestr('x', 'a')");
    const item = bomb.lastIndexOf("PK\x01\x02");
    bomb.writeUInt16LE(8, item + 10);
    bomb.writeUInt32LE(0xfffffff0, item + 24);
    await run("mkdir -p /run/user/1000/bomb");
    const answer = await extract("/run/user/1000/bomb", "zip", bomb);
    assert.equal(answer.status, 507, JSON.stringify(answer.body));
    assert.equal(await run("ls -A /run/user/1000/bomb"), "");
  });
});
