// What people expect of a command line: words of others' programs, standard input, pictures in files, keys, exit codes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { programs, Server, until } from "../lib/carrel.mjs";
import { carrel } from "../lib/host.mjs";

let server;
let folder;
let id;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "carrel-command-line-"));
  server = await Server.start();
  ({ id } = await server.createSession());
});
after(async () => {
  await server?.end();
  await rm(folder, { recursive: true, force: true });
});

const words = (all, more = {}) => carrel(all, { ...more, env: { CARREL_URL: server.url, ...more.env } });
const exec = (all, more) => words(["exec", ...all], more);

describe("exec", () => {
  test("takes all that follows the session for the command, with its options", async () => {
    const plain = await exec([id, "ls", "-la", "/home"]);
    assert.deepEqual([plain.code, plain.error], [0, ""]);
    assert.match(plain.output, /^total .*\n.* agent .*agent$/ms);
    for (const [all, output] of [
      [[id, "printf", "%s|", "--timeout", "5", "-n", "--", "[a,b]", "", "it's"], "--timeout|5|-n|--|[a,b]||it's|"],
      [[id, "--", "printf", "%s|", "--", "--help"], "--|--help|"],
      [["--timeout", "60", id, "echo", "--version"], "--version\n"],
      [[id, "--timeout=60", "echo", "-h"], "-h\n"],
      [[id, "echo a; echo b"], "a\nb\n"],
      [["--server", server.url, id, "echo", "--server"], "--server\n"],
    ]) {
      const result = await exec(all);
      assert.deepEqual([result.code, result.output, result.error], [0, output, ""], all.join(" "));
    }
  });

  test("gives the command its standard input: a text, bytes, a file, none", async () => {
    assert.equal((await exec([id, "cat"], { input: "hi\n" })).output, "hi\n");
    assert.equal((await exec([id, "cat; echo end"], { input: "" })).output, "end\n");
    assert.equal((await exec([id, "cat; echo end"])).output, "end\n");
    assert.equal((await exec(["--no-input", id, "cat; echo end"], { input: "hi\n" })).output, "end\n");
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 11) % 256));
    const sum = createHash("md5").update(bytes).digest("hex");
    assert.equal((await exec([id, "md5sum"], { input: bytes })).output, `${sum}  -\n`);
    // The shell keeps its state with input as without.
    await exec([id, "cd /tmp"]);
    assert.equal((await exec([id, "cat > told; pwd; cat told"], { input: "42" })).output, "/tmp\n42");
    const file = path.join(folder, "input");
    await writeFile(file, "from a file\n");
    const opened = await open(file);
    assert.equal(execFileSync(path.join(programs, "carrel"), ["exec", "--server", server.url, id, "cat"], { stdio: [opened.fd, "pipe", "pipe"], encoding: "utf8" }), "from a file\n");
    await opened.close();
  });

  test("carries the input while the command runs, and does not wait for an end that nobody needs", async () => {
    let talking;
    const talk = new Promise((resolve) => (talking = resolve));
    const result = exec([id, "echo ready; read -r line; echo \"<$line>\"; cat"], {
      input: (stdin, child) => {
        let seen = "";
        child.stdout.on("data", (bytes) => {
          seen += bytes;
          if (seen === "ready\n") stdin.write("first\n");
          if (seen === "ready\n<first>\n") stdin.end("last"), talking();
        });
      },
    });
    await talk;
    assert.equal((await result).output, "ready\n<first>\nlast");
    // Open and silent, as of a service: a command that does not read is not held up.
    assert.equal((await exec([id, "echo on"], { input: () => {} })).output, "on\n");
    // More than the command takes.
    const short = await exec([id, "head -c 3"], { input: Buffer.alloc(2_000_000, "x") });
    assert.deepEqual([short.code, short.output, short.error], [0, "xxx", ""]);
  });

  test("ends with the command's own code, 124 when it was stopped, 125 when it was not run", async () => {
    for (const [command, code] of [["exit 0", 0], ["(exit 7)", 7], ["nosuchprogram", 127], ["/etc/passwd", 126], ["kill -TERM $BASHPID & wait $!", 143]]) {
      assert.equal((await exec([id, command])).code, code, command);
    }
    const late = await exec(["--timeout", "5", id, "echo begun; sleep 1000"]);
    assert.deepEqual([late.code, late.output], [124, "begun\n"]);
    assert.match(late.error, /^carrel: The command was stopped after 5 s/);
    assert.equal(late.error.split("stopped after").length, 2, "said once");
    const nowhere = await exec(["sess_000000000000", "true"]);
    assert.equal(nowhere.code, 125);
    assert.match(nowhere.error, /no session/);
    assert.equal((await exec(["--server", "http://127.0.0.1:1", id, "true"])).code, 125);
  });

  test("may take longer than any limit by default, and shows output as it comes", async () => {
    assert.match((await words(["exec", "--help"])).output, /--timeout [^\n]*=0\s+seconds until it is stopped \(exit code 124\); 0: it may take any time/);
    let seen = "";
    const result = await exec([id, "echo begun; until [ -e /tmp/go ]; do sleep 0.1; done; echo end; rm /tmp/go"], {
      input: (stdin, child) => {
        stdin.end();
        child.stdout.on("data", async (bytes) => {
          const isFirst = seen === "";
          seen += bytes;
          // It is shown before it ends: only now may it.
          if (isFirst) await server.json("POST", `/api/v1/sessions/${id}/desk/file/write`, { path: "/tmp/go", file_text: "" });
        });
      },
    });
    assert.equal(result.output, "begun\nend\n");
  });

  test("says that the command asks on its terminal; another one answers", async () => {
    const result = await exec([id, "printf 'Key: ' >/dev/tty; read -r key </dev/tty; echo \"[$key]\""], {
      input: (stdin, child) => {
        stdin.end();
        let seen = "";
        child.stderr.on("data", async (bytes) => {
          const wasSaid = /\n/.test(seen);
          seen += bytes;
          if (wasSaid || !/\n/.test(seen)) return;
          const answered = await words(["call", id, "terminal/answer", "text=secret"]);
          assert.equal(answered.code, 0, answered.error);
        });
      },
    });
    assert.deepEqual([result.code, result.output], [0, "[secret]\n"]);
    assert.match(result.error, /the command waits for input from its terminal \("Key: "\): `carrel call sess_\w+ terminal\/answer text=…` answers, Ctrl-C ends it/);
  });

  test("that is interrupted takes the command along", async () => {
    await exec([id, "sleep 4321"], {
      input: (stdin, child) => {
        stdin.end();
        until("it runs", async () => (await server.json("GET", `/api/v1/sessions/${id}/desk/process/list`)).processes.some(({ command, cmdline }) => /sleep 4321/.test(command ?? cmdline))).then(() => child.kill("SIGINT"));
      },
    });
    assert.equal((await exec([id, "echo on; pgrep -fx 'sleep 4321'; true"])).output, "on\n");
  });
});

describe("pictures", () => {
  const call = (...all) => words(["call", ...all]);
  const noBase64 = (text) => assert.doesNotMatch(text, /[A-Za-z0-9+/]{200}/);

  test("of an answer are named, not printed", async () => {
    for (const all of [["keyboard/type", "text=hi"], ["mouse/click", "button=left_click", 'coordinate={"x":200,"y":200}'], ["screen/screenshot"], ["batch", 'actions=[{"operation":"screen/screenshot"}]']]) {
      const { code, output, error } = await call(id, ...all);
      assert.equal(code, 0, error);
      noBase64(output);
      assert.ok(output.length < 3000);
      assert.match(output, /"image":"\(image\/png, \d+ bytes: --picture FILE saves it\)"/, all.join(" "));
      JSON.parse(output);
    }
  });

  test("go to a file of the format that its name says", async () => {
    for (const [name, format] of [["a.png", "png"], ["b.JPG", "jpeg"], ["c.webp", "webp"]]) {
      const file = path.join(folder, name);
      const { code, output, error } = await call("--picture", file, id, "screen/screenshot");
      assert.equal(code, 0, error);
      assert.ok(output.includes(`(image/${format}, `) && output.includes(`in ${file})`), output);
      const head = (await readFile(file)).subarray(0, 12).toString("latin1");
      assert.match(head, { png: /^\x89PNG/, jpeg: /^\xff\xd8\xff/, webp: /^RIFF....WEBP/s }[format]);
    }
    const typed = path.join(folder, "typed.png");
    assert.equal((await call(id, "keyboard/type", "text=hi", "--picture", typed)).code, 0);
    assert.equal((await readFile(typed)).subarray(1, 4).toString(), "PNG");
  });

  test("that cannot be written so are refused", async () => {
    for (const [all, code, why] of [
      [["--picture", path.join(folder, "x.gif"), id, "screen/screenshot"], 2, /must end in \.png, \.jpg, \.jpeg or \.webp/],
      [["--picture", path.join(folder, "x.jpg"), id, "keyboard/type", "text=hi"], 1, /the picture is image\/png, so .*x\.jpg is not written/],
      [["--picture", path.join(folder, "x.png"), id, "screen/info"], 1, /has no picture/],
      [["--picture", path.join(folder, "x.png"), id, "file/download", "path=/etc/hostname"], 2, /answers no picture/],
      [["--picture", path.join(folder, "nowhere/x.png"), id, "screen/screenshot"], 1, /nowhere/],
    ]) {
      const result = await call(...all);
      assert.equal(result.code, code, JSON.stringify(result));
      assert.match(result.error, why);
    }
    for (const name of ["x.gif", "x.jpg", "x.png"]) assert.ok(!existsSync(path.join(folder, name)), name);
    const shot = await words(["screenshot", id, path.join(folder, "x.gif")]);
    assert.equal(shot.code, 2);
    assert.match(shot.error, /must end in \.png, \.jpg, \.jpeg or \.webp/);
  });
});

test("a key that is missing and one that is wrong are told apart", async () => {
  const key = "the-right-key-of-this-test";
  await server.end();
  server = await Server.start({ env: { CARREL_TOKEN: key } });
  try {
    const list = (token) => words(["session", "list"], { env: token === undefined ? {} : { CARREL_TOKEN: token } });
    const none = await list();
    assert.equal(none.code, 1);
    assert.match(none.error, /the server at http:\S+ asks for a key: set CARREL_TOKEN to it/);
    const wrong = await list("another-key-than-the-right");
    assert.equal(wrong.code, 1);
    assert.match(wrong.error, /the key in CARREL_TOKEN is not one of the server's at http/);
    assert.equal((await list(key)).code, 0);
    assert.equal((await exec(["sess_000000000000", "true"])).code, 125);
    assert.match((await exec(["sess_000000000000", "true"])).error, /set CARREL_TOKEN/);
  } finally {
    await server.stop();
    server = await Server.start({ fresh: false });
    ({ id } = await server.createSession());
  }
});

test("logs --follow says that it goes on", async () => {
  const { output, error } = await words(["logs", id, "--follow"], {
    input: (stdin, child) => {
      let seen = "";
      child.stdout.on("data", (bytes) => {
        seen += bytes;
        if (/^desk \{.*\n/m.test(seen)) child.kill("SIGTERM");
      });
    },
  });
  assert.match(error, /^carrel: all events so far, and each new one as it comes; Ctrl-C ends this\n$/);
  assert.match(output, /^desk \{/);
  assert.match((await words(["logs", "--help"])).output, /--follow[^\n]*\s+go on with what comes, until Ctrl-C/);
});

test("every help has the exit codes and the environment, and wrong words end with 2", async () => {
  for (const all of [["--help"], ["exec", "--help"], ["session", "new", "--help"], ["call", "--help"], ["serve", "--help"]]) {
    const { code, output } = await words(all);
    assert.equal(code, 0);
    for (const line of [/^ +2 +the words of the command line are wrong/m, /^ +124 +of exec: the command was stopped/m, /^ +125 +/m, /^ +CARREL_URL +/m, /^ +CARREL_TOKEN +/m]) assert.match(output, line, all.join(" "));
  }
  for (const all of [[], ["nosuchword"], ["--nosuchoption"], ["exec"], ["exec", id], ["exec", "nonsense", "true"], ["exec", "--timeout", "-1", id, "true"], ["exec", "--timeout", "x", id, "true"], ["exec", id, ""], ["session"], ["session", "new", "--nosuch"], ["logs", "--lines", "5", id], ["screenshot", id], ["screenshot", "nonsense", "x.png"], ["call", id, "no/such"], ["call", id, "mouse/move", "here"], ["call", id, "mouse/move", "{"], ["operations", "nosuch"], ["operations", "--json", "--command-line"]]) {
    const { code, error } = await words(all);
    assert.equal(code, 2, `${all.join(" ")}: ${error}`);
    assert.notEqual(error, "");
  }
  for (const all of [["session", "rm", "sess_000000000000"], ["call", id, "mouse/move", 'coordinate={"x":9999,"y":6}'], ["session", "list", "--server", "http://127.0.0.1:1"]]) {
    const { code, error } = await words(all);
    assert.equal(code, 1, `${all.join(" ")}: ${error}`);
  }
});

test("--server goes before CARREL_URL", async () => {
  const { code, output } = await words(["session", "list", "--server", server.url], { env: { CARREL_URL: "http://127.0.0.1:1" } });
  assert.deepEqual([code, output.includes(id)], [0, true]);
});
