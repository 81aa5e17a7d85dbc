// Archives as others make them: compressed tars, sparse files, zips from Windows and of long ago, things before and
// behind the archive; and what is otherwise than the archive says is told.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import zlib from "node:zlib";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { request, run } = desk;
const folder = mkdtempSync(path.join(os.tmpdir(), "carrel-foreign-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const here = (program, ...words) => execFileSync(program, words, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
const load = (name) => readFileSync(path.join(folder, name));
const python = (code) => here("python3", "-c", code);
const extract = (where, archive, body) =>
  request("POST", `file/extract?path=${encodeURIComponent(where)}&archive=${archive}`, { body, headers: { "content-type": "application/octet-stream" } });
const extracted = async (where, archive, body) => {
  const answer = await extract(where, archive, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};
const refused = async (archive, body, reason, status = 400) => {
  const answer = await extract("refused", archive, body);
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.body.detail, reason);
  assert.equal(await run("find ~/refused -name '.carrel-*' 2>/dev/null"), "");
};
const made = (code) => {
  python(`import io, tarfile, time, zipfile\n${code}`);
  return load("made");
};
/** A zip of entries that Python lets say what it would not say by itself. */
const zip = (code) =>
  made(`
z = zipfile.ZipFile('made', 'w')
def add(name, data=b'x', **more):
    i = zipfile.ZipInfo('placeholder')
    i.filename = name
    for k, v in more.items(): setattr(i, k, v)
    z.writestr(i, data)
${code}
z.close()`);

describe("a tar is unpacked", () => {
  const compressions = {
    gz: (bytes) => zlib.gzipSync(bytes),
    zst: (bytes) => zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } }),
    bz2: (bytes) => made(`import bz2; open('made', 'wb').write(bz2.compress(open('plain', 'rb').read()))`, bytes),
    xz: (bytes) => made(`import lzma; open('made', 'wb').write(lzma.compress(open('plain', 'rb').read()))`, bytes),
  };
  const names = { gz: "gzip", zst: "Zstandard", bz2: "bzip2", xz: "xz" };
  const plain = () => {
    here("sh", "-c", "mkdir -p c/in && seq 200000 > c/in/numbers && head -c 700000 /dev/urandom > c/in/noise && ln -sf numbers c/in/link && tar -cf plain c && md5sum c/in/* > sums");
    return load("plain");
  };

  for (const [ending, compress] of Object.entries(compressions))
    test(`compressed as tar.${ending}; truncated, damaged and followed by other bytes it is told`, async () => {
      const packed = compress(plain());
      const answer = await extracted(`c-${ending}`, "tar", packed);
      assert.equal(answer.files, 5);
      assert.equal(answer.notes, undefined);
      assert.equal(await run(`cd ~/c-${ending} && md5sum c/in/*`), load("sums").toString());
      await refused("tar", packed.subarray(0, packed.length - 9), new RegExp(`the ${names[ending]} data in the body ends in the middle`));
      await refused("tar", packed.subarray(0, 300_000), new RegExp(`${names[ending]} data in the body ends in the middle`));
      await refused("tar", packed.subarray(0, 6), /ends in the middle|no tar/);
      const { notes } = await extracted(`c-${ending}`, "tar", Buffer.concat([packed, Buffer.from("garbage")]));
      assert.deepEqual(notes, [`7 bytes behind the end of the ${names[ending]} data were passed over`]);
      const wrong = Buffer.from(packed);
      wrong.fill(0x5a, 2000, 2100);
      await refused("tar", wrong, /damaged|checksum/);
    });

  test("compressed in several parts", async () => {
    const bytes = plain();
    const packed = Buffer.concat([zlib.gzipSync(bytes.subarray(0, 100_000)), zlib.gzipSync(bytes.subarray(100_000))]);
    await extracted("c-parts", "tar", packed);
    assert.equal(await run("cd ~/c-parts && md5sum c/in/*"), load("sums").toString());
  });

  test("not when it is something else, which is named", async () => {
    for (const [bytes, name] of [
      [zip("add('x')"), /this is no tar, but a zip/],
      [Buffer.concat([Buffer.from("7z\xbc\xaf\x27\x1c", "latin1"), Buffer.alloc(2000)]), /a 7-Zip archive/],
      [Buffer.concat([Buffer.from("LZIP\x01"), Buffer.alloc(2000)]), /compressed by lzip/],
      [zlib.gzipSync(Buffer.from("only a text")), /no tar/],
      [zlib.gzipSync(Buffer.alloc(3000, "x")), /no tar: its first header's checksum is wrong/],
    ])
      await refused("tar", bytes, name);
  });

  test("of a gigabyte from a megabyte only where there is room, and others are served meanwhile", async () => {
    await run("mkdir -p /run/user/1000/bomb");
    const size = 1 << 30;
    const bomb = made(`
import gzip
i = tarfile.TarInfo('large'); i.size = ${size}
with gzip.open('made', 'wb', 9) as f:
    f.write(i.tobuf())
    for _ in range(64): f.write(b'\\0' * ${size / 64})`);
    assert.ok(bomb.length < 2_000_000);
    const answer = await extract("/run/user/1000/bomb", "tar", bomb);
    assert.equal(answer.status, 507, JSON.stringify(answer.body));
    const unpacking = extract("/home/agent/bomb", "tar", bomb);
    assert.equal(await run("echo served"), "served\n");
    assert.equal((await unpacking).body.size, size);
    await run("rm -rf ~/bomb");
  });

  test("with its sparse files, in every form that GNU tar writes", async () => {
    here("python3", "-c", `
f = open('holes', 'wb')
for i in range(40): f.seek(i * 1000000 + 500000); f.write(b'part %d' % i)
f.truncate(100000000)
open('empty-holes', 'wb').truncate(5000000)`);
    const sums = here("md5sum", "holes", "empty-holes");
    for (const words of [["--format=gnu"], ["--format=oldgnu"], ["--format=pax", "--sparse-version=0.0"], ["--format=pax", "--sparse-version=0.1"], ["--format=pax", "--sparse-version=1.0"]]) {
      here("tar", ...words, "-Scf", "sparse.tar", "holes", "empty-holes");
      assert.ok(load("sparse.tar").length < 2_000_000);
      const { size } = await extracted("sparse", "tar", load("sparse.tar"));
      assert.equal(size, 105_000_000);
      assert.equal(await run("cd ~/sparse && md5sum holes empty-holes"), sums, words.join(" "));
      assert.equal(await run("cd ~/sparse && [ $(du -sm . | cut -f1) -lt 20 ] && echo small"), "small\n");
      await run("rm -r ~/sparse");
    }
  });

  test("with times of before 1970 and between seconds, and the desk's own tars keep them", async () => {
    const tar = made(`
t = tarfile.open('made', 'w', format=tarfile.PAX_FORMAT)
for name, time in (('old', -315619200), ('half', 1000000000.5), ('before', -1.25)):
    i = tarfile.TarInfo(name); i.mtime = time; t.addfile(i)
i = tarfile.TarInfo('link'); i.type = tarfile.SYMTYPE; i.linkname = 'old'; i.mtime = 7; t.addfile(i)
t.close()`);
    await extracted("times", "tar", tar);
    const wanted = "old -315619200.00\nhalf 1000000000.50\nbefore -1.25\nlink 7.00\n";
    assert.equal(await run("cd ~/times && stat -c '%n %.2Y' old half before link"), wanted);
    here("sh", "-c", "rm -f old && touch -d @-315619200 old && tar --format=gnu -cf gnu.tar old");
    await extracted("times-gnu", "tar", load("gnu.tar"));
    assert.equal(await run("stat -c %Y ~/times-gnu/old"), "-315619200\n");
    for (const archive of ["tar", "zip"]) {
      const { body } = await request("GET", `file/download?path=times&archive=${archive}`);
      await extracted(`times-${archive}`, archive, body);
      assert.equal(await run(`stat -c %Y ~/times-${archive}/times/old ~/times-${archive}/times/half`), "-315619200\n1000000000\n");
    }
    writeFileSync(path.join(folder, "own.tar"), (await request("GET", "file/download?path=times&archive=tar")).body);
    assert.match(here("tar", "--utc", "-tvf", "own.tar"), /1960-01-01 00:00 times\/old/);
  });

  test("with hard links to symbolic links, as GNU tar unpacks them", async () => {
    here("sh", "-c", "rm -rf links && mkdir -p links/in && cd links && echo t > target && ln -s target l1 && ln l1 l2 && ln -s ../target in/l3 && ln in/l3 in/l4");
    const facts = "cat l1 l2 in/l4 && stat -c '%F %h %N' l1 l2 in/l3 in/l4 && [ $(stat -c %i l1) = $(stat -c %i l2) ] && stat -c '%F %h' target";
    for (const format of ["gnu", "pax", "ustar", "v7", "oldgnu"]) {
      here("tar", `--format=${format}`, "-cf", "links.tar", "-C", "links", "target", "l1", "l2", "in/l3", "in/l4");
      here("sh", "-c", "rm -rf by-tar && mkdir by-tar && tar -xf links.tar -C by-tar");
      const answer = await extracted(`links-${format}`, "tar", load("links.tar"));
      assert.equal(answer.files, 5);
      assert.equal(await run(`cd ~/links-${format} && ${facts}`), here("sh", "-c", `cd by-tar && ${facts}`), format);
      assert.equal(await run(`find ~/links-${format} -name '.carrel-*'`), "");
    }
  });

  test("and labels, incremental directories and access lists are what they are", async () => {
    here("sh", "-c", "rm -rf label.tar snap inc; mkdir -p inc/sub && echo x > inc/sub/f && tar --label=MyBackup --listed-incremental=snap -cf label.tar inc");
    const { notes } = await extracted("label", "tar", load("label.tar"));
    assert.deepEqual(notes, ['the label of the volume, "MyBackup" was passed over']);
    assert.equal(await run("cat ~/label/inc/sub/f"), "x\n");
    const list = made(`
t = tarfile.open('made', 'w')
def add(name, type, data=b''):
    i = tarfile.TarInfo(name); i.type = type; i.size = len(data)
    t.addfile(i, io.BytesIO(data)) if type == b'0' else (t.fileobj.write(i.tobuf() + data + bytes(-len(data) % 512)))
add('acl', b'A', b'user::rwx' * 100)
add('f', b'0', b'y')
t.close()`);
    assert.match((await extracted("acl", "tar", list)).notes[0], /the access list of "acl" was passed over/);
    assert.equal(await run("cat ~/acl/f"), "y");
    for (const [type, reason] of [["b'3'", /is a character device/], ["b'6'", /is a named pipe/], ["b'M'", /is the rest of a file that began in another volume/]])
      await refused("tar", made(`open('made', 'wb').write((lambda i: (setattr(i, 'type', ${type}), i.tobuf())[1])(tarfile.TarInfo('x')) + bytes(1024))`), reason);
  });
});

describe("a zip is unpacked", () => {
  test("from Windows, with folders for backslashes, and names judged behind that", async () => {
    for (const create_system of [0, 3, 11]) {
      const answer = await extracted(`win${create_system}`, "zip", zip(`add('site\\\\img\\\\logo.txt', b'logo', create_system=${create_system}); add('site\\\\empty\\\\', b'', create_system=${create_system})`));
      assert.match(answer.notes[0], /names in the zip have backslashes/);
      assert.equal(await run(`cd ~/win${create_system} && cat site/img/logo.txt && ls -p site`), "logoempty/\nimg/\n");
    }
    await extracted("unix", "zip", zip("add('a/b', create_system=3); add('a/c\\\\d', create_system=3)"));
    assert.equal(await run("ls ~/unix/a"), "b\nc\\d\n");
    for (const name of ["..\\\\escaped", "a\\\\..\\\\..\\\\escaped", "\\\\tmp\\\\escaped"]) await refused("zip", zip(`add('${name}', create_system=0)`), /leads out|absolute/);
    assert.equal(await run("ls -A ~/escaped /tmp/escaped 2>/dev/null; true"), "");
  });

  test("with directories of DOS that have no slash", async () => {
    await extracted("dosdir", "zip", zip("add('d', b'', create_system=0, external_attr=0x10); add('d/f', create_system=0)"));
    assert.equal(await run("cat ~/dosdir/d/f; stat -c %a ~/dosdir/d"), "x755\n");
  });

  test("with names of code page 437, and with those of the Unicode field", async () => {
    const named = (raw, field) => {
      const bytes = zip(`add('NAME!!', create_system=0${field ? `, extra=${field}` : ""})`);
      for (let at = bytes.indexOf("NAME!!"); at >= 0; at = bytes.indexOf("NAME!!", at + 1)) bytes.write(raw, at, "latin1");
      return bytes;
    };
    const crc = zlib.crc32(Buffer.from("Stra\xe1e", "latin1"));
    const field = (of) => `(lambda n: __import__('struct').pack('<HHBI', 0x7075, 5 + len(n), 1, ${of}) + n)('Straße 你'.encode())`;
    await extracted("names", "zip", named("Stra\xe1e"));
    await extracted("names", "zip", named("Stra\xe1e", field(crc)));
    await extracted("names", "zip", named("Stra\x81e", field(crc)));
    await extracted("names", "zip", named("\xc3\xb6\xc3\xa4zz"));
    assert.equal(await run("cd ~/names && LC_ALL=C ls"), "Straße\nStraße 你\nStraüe\nöäzz\n");
  });

  test("with the times of its fields", async () => {
    here("sh", "-c", "rm -rf z.zip odd; echo x > odd && touch -d @1000000001 odd && zip -q z.zip odd && touch -d @1000000003 odd && zip -qX zx.zip odd");
    await extracted("zipped", "zip", load("z.zip"));
    assert.equal(await run("stat -c %Y ~/zipped/odd"), "1000000001\n");
    await extracted("zipped", "zip", load("zx.zip"));
    assert.match(await run("stat -c %Y ~/zipped/odd"), /^\d+\n$/);
  });

  test("whose comment holds what the end of an archive begins with", async () => {
    const commented = (comment) => zip(`[add(n) for n in ('a', 'b', 'c')]; z.comment = ${comment}`);
    const whole = async (body, why) => {
      assert.equal((await extracted("commented", "zip", body)).files, 3, why);
      assert.equal(await run("cd ~/commented && ls && cat * && rm *"), "a\nb\nc\nxxx", why);
    };
    for (const comment of [`b"PK\\5\\6" + b"\\0" * 18`, `b"PK\\5\\6" + b"Z" * 18`, `b"PK\\5\\6"`, `b"PK\\5\\6" * 10000`]) {
      const bytes = commented(comment);
      await whole(bytes, comment);
      await whole(Buffer.concat([Buffer.from("#!/bin/sh\n"), bytes]), `${comment} behind a program`);
    }
    await whole(Buffer.concat([commented(`b"PK\\5\\6" + b"Z" * 18`), Buffer.from("behind")]), "before other bytes");
    const inner = zip("add('inner')").toString("hex");
    await whole(commented(`bytes.fromhex('${inner}')`), "an archive as comment");
  });

  test("also behind the program of an archive that extracts itself", async () => {
    const bytes = Buffer.concat([Buffer.from("#!/bin/sh\necho I extract myself\n".repeat(200)), zip("add('in/f', b'inside'); add('g', b'g' * 100000, compress_type=8)")]);
    await extracted("sfx", "zip", bytes);
    assert.equal(await run("cat ~/sfx/in/f; wc -c < ~/sfx/g"), "inside100000\n");
  });
});

describe("what an answer tells", () => {
  test("of an archive's modes that were not set", async () => {
    const modes = (where) => run(`stat -c '%a %n' ~/${where}/ro ~/${where}/ro/f ~/${where}/suid`);
    const tar = made(`
t = tarfile.open('made', 'w')
def add(name, mode, type=tarfile.REGTYPE):
    i = tarfile.TarInfo(name); i.mode = mode; i.type = type; t.addfile(i)
add('ro', 0o555, tarfile.DIRTYPE); add('ro/f', 0o444); add('suid', 0o4755); add('usual', 0o755, tarfile.DIRTYPE)
t.close()`);
    const { notes } = await extracted("modes", "tar", tar);
    assert.deepEqual(notes, [
      '"suid" has mode 0755 and not 4755: no archive sets set-user-id, set-group-id or the sticky bit',
      'the directory "ro" has mode 0755 and not 0555, so that its owner can change what it holds',
    ]);
    assert.match(await modes("modes"), /^755 .*\/ro\n444 .*\/ro\/f\n755 .*\/suid\n$/);
    const many = made(`
t = tarfile.open('made', 'w')
for n in range(100):
    i = tarfile.TarInfo('d%d' % n); i.mode = 0o500; i.type = tarfile.DIRTYPE; t.addfile(i)
t.close()`);
    const told = (await extracted("many", "tar", many)).notes;
    assert.equal(told.length, 21);
    assert.equal(told[20], "and 80 more of such");
  });

  test("of what a packed folder was left without", async () => {
    await run("rm -rf ~/left; mkdir -p ~/left/in; cd ~/left; mkfifo in/pipe 'in/ü b'; echo x > f; echo y > closed; chmod 0 closed");
    for (const archive of ["tar", "zip"]) {
      const answer = await request("GET", `file/download?path=left&archive=${archive}&skip_unreadable=true`);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["carrel-left-out"], "closed, in/pipe, in/%C3%BC%20b");
    }
    await run("cd ~/left; rm -f closed in/*; for i in $(seq 10 30); do mkfifo in/p$i; done");
    assert.match((await request("GET", "file/download?path=left&archive=tar")).headers["carrel-left-out"], /^in\/p10, .*, in\/p19, and 11 more$/);
    await run("rm ~/left/in/*");
    assert.equal((await request("GET", "file/download?path=left&archive=tar")).headers["carrel-left-out"], undefined);
  });

  test("of names that are no UTF-8 in the desk's own zips: the flag is not set, and they come back", async () => {
    await run("rm -rf ~/odd ~/odd-back; mkdir ~/odd; cd ~/odd; touch \"$(printf 'b\\377d')\" 'ä' 'back\\slash'");
    const { body } = await request("GET", "file/download?path=odd&archive=zip");
    writeFileSync(path.join(folder, "odd.zip"), body);
    assert.equal(python("import zipfile; print(sorted((i.flag_bits & 0x800) != 0 for i in zipfile.ZipFile('odd.zip').infolist() if not i.is_dir()))").trim(), "[False, True, True]");
    await extracted("odd-back", "zip", body);
    assert.equal(await run("diff -r ~/odd ~/odd-back/odd && ls ~/odd-back/odd | wc -l"), "3\n");
  });
});
