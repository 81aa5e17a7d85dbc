// Files with other names, line ends, file systems and programs in the way: nothing that was there is lost.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { ask, request, run } = desk;
const call = async (name, body) => {
  const answer = await ask(name, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.success, true, answer.body.error);
  return answer.body;
};

describe("line ends", () => {
  const path = "/home/agent/crlf.txt";

  test("of a file from Windows are met by texts with LF, and kept", async () => {
    await run(`printf 'one\\r\\n2\\r\\n3\\r\\n' > ${path}`);
    const { output } = await call("file/replace", { path, old_str: "one\n2\n", new_str: "one\ntwo\nmore\n" });
    assert.match(output, /line ends of the file there are CRLF/);
    await call("file/insert", { path, insert_line: 0, insert_text: "zero\n" });
    assert.equal(await run(`od -An -c ${path} | tr -d ' \\n'`), String.raw`zero\r\none\r\ntwo\r\nmore\r\n3\r\n`);
    await call("file/undo_edit", { path });
    await call("file/undo_edit", { path });
    assert.equal(await run(`od -An -c ${path} | tr -d ' \\n'`), String.raw`one\r\n2\r\n3\r\n`);
  });

  test("that are not the file's are told as the reason", async () => {
    await run(`printf 'one\\n2\\n' > ${path}`);
    const { body } = await ask("file/replace", { path, old_str: "one\r\n2", new_str: "x" });
    assert.equal(body.success, false);
    assert.match(body.error, /did not appear verbatim in .* old_str has CRLF where the file has LF alone/);
  });
});

describe("links", () => {
  test("that are hard stay names of a file that is edited", async () => {
    await run("rm -rf ~/h; mkdir ~/h; cd ~/h; echo one > f; ln f g");
    await call("file/replace", { path: "/home/agent/h/f", old_str: "one", new_str: "1" });
    await call("file/insert", { path: "/home/agent/h/g", insert_line: 1, insert_text: "two" });
    await call("file/write", { path: "/home/agent/h/f", file_text: "three\n", append: true });
    assert.equal(await run("cd ~/h; cat f; cat g; stat -c %h f; ls -A"), "1\ntwo\nthree\n1\ntwo\nthree\n2\nf\ng\n");
  });

  test("are not put over the file that they lead to", async () => {
    await run("rm -rf ~/s; mkdir ~/s; cd ~/s; echo precious > real; ln -s real link");
    for (const operation of ["file/copy", "file/move"]) {
      const answer = await ask(operation, { from: "s/link", to: "s/real", overwrite: true });
      assert.equal(answer.status, 409, JSON.stringify(answer.body));
      assert.match(answer.body.detail, /are the same file/);
      assert.equal((await ask(operation, { from: "s/real", to: "s/real", overwrite: true })).status, 409);
    }
    assert.equal(await run("cd ~/s; cat real link; readlink link"), "precious\nprecious\nreal\n");
  });

  test("to nothing stay links when something is written through them", async () => {
    await run("rm -rf ~/d; mkdir ~/d; cd ~/d; ln -s in/target link; ln -s put link2; ln -s round round");
    await call("file/write", { path: "/home/agent/d/link", file_text: "x\n" });
    const stored = await request("PUT", "file/upload?path=d/link2", { body: "y\n", headers: { "content-type": "application/octet-stream" } });
    assert.equal(stored.status, 200);
    assert.equal(await run("cd ~/d; readlink link link2; cat in/target put"), "in/target\nput\nx\ny\n");
    const { body } = await ask("file/write", { path: "/home/agent/d/round", file_text: "x" });
    assert.match(body.error, /Too many levels of symbolic links/);
  });
});

describe("a move to another file system", () => {
  const far = "/run/user/1000/moved";

  test("keeps times and modes", async () => {
    await run(`rm -rf ~/m ${far}; mkdir -p ~/m/in; cd ~/m; echo x > in/f; ln -s f in/l; chmod 600 in/f; touch -d '1969-07-20T20:17:40.5Z' in/f; touch -hd @7 in/l; touch -d @1000000000 in; touch -d @5 .`);
    assert.equal((await call("file/move", { from: "m", to: far })).files, 4);
    assert.equal(await run(`cd ${far}; stat -c '%n %a %.1Y' . in in/f in/l; ls ~/m 2>&1 | grep -c 'No such file'`), ". 755 5.0\nin 755 1000000000.0\nin/f 600 -14182939.5\nin/l 777 7.0\n1\n");
  });

  test("takes the place of an empty folder and merges with none, as a rename", async () => {
    await run(`rm -rf ~/m ${far}; mkdir -p ~/m ${far}/m ${far}/none; echo new > ~/m/new; echo old > ${far}/m/old`);
    const full = await ask("file/move", { from: "m", to: `${far}/`, overwrite: true });
    assert.equal(full.status, 409, JSON.stringify(full.body));
    assert.match(full.body.detail, /is a directory that holds something/);
    assert.equal((await ask("file/move", { from: "m", to: `${far}/m/old`, overwrite: true })).status, 409);
    assert.equal((await ask("file/move", { from: "m/new", to: `${far}/m`, overwrite: true })).status, 409);
    assert.equal(await run(`ls ~/m ${far}/m; cat ${far}/m/old`), `/home/agent/m:\nnew\n\n${far}/m:\nold\nold\n`);
    await call("file/move", { from: "m", to: `${far}/none`, overwrite: true });
    assert.equal(await run(`cat ${far}/none/new; ls -d ~/m 2>/dev/null | wc -l`), "new\n0\n");
  });
});

test("files that come and go are no error of walks over them", async () => {
  await run(`rm -rf ~/v; mkdir -p ~/v/kept; seq 300 | sed 's|^|/home/agent/v/kept/|' | xargs touch
    (while [ ! -e ~/v/stop ]; do mkdir -p ~/v/kept/0/in; touch ~/v/kept/0/in/f ~/v/kept/999; rm -rf ~/v/kept/0 ~/v/kept/999; done) > /dev/null 2>&1 &`);
  try {
    for (let i = 0; i < 25; ++i) {
      await run("rm -rf ~/v2");
      await call("file/copy", { from: "v/kept", to: "v2" });
      assert.equal((await call("file/grep", { path: "v/kept", pattern: "x" })).skipped, 0);
      for (const archive of ["tar", "zip"]) {
        const answer = await request("GET", `file/download?path=v/kept&archive=${archive}`);
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
      }
      await call("file/chmod", { path: "v2", mode: "755", recursive: true });
    }
  } finally {
    await run("touch ~/v/stop");
  }
  assert.equal(await run("ls ~/v2 | grep -cv '^0$\\|^999$'"), "300\n");
});

test("grep counts lines also after one of megabytes", async () => {
  await run("python3 -c \"print('one'); print('x' * 3000000 + 'needle'); print('needle three')\" > ~/long-lines");
  const { matches } = await call("file/grep", { path: "long-lines", pattern: "needle" });
  assert.deepEqual(matches.map(({ line }) => line), [2, 3]);
  assert.deepEqual((await call("file/grep", { path: "long-lines", pattern: "^x", context: 1 })).matches.map(({ line, before, after }) => [line, before, after]), [[2, ["one"], ["needle three"]]]);
});

test("brackets that are meant as such stand beside alternatives in a glob", async () => {
  await run("mkdir -p ~/g; cd ~/g; touch '[ab].txt' '[ac].txt' ab.txt");
  const { matches } = await call("file/glob", { path: "g", pattern: "\\[a{b,c}\\].txt" });
  assert.deepEqual(matches, ["/home/agent/g/[ab].txt", "/home/agent/g/[ac].txt"]);
});
