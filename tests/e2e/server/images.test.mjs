// Images side by side: recipes on top of another, foreign ones, and which build new desks get.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { dataDirectory, Server } from "../lib/carrel.mjs";
import { carrel } from "../lib/host.mjs";

// Beside the tests' own data: desks need a file system whose ids can be mapped.
let folder;
let data;
before(() => {
  folder = mkdtempSync(path.join(path.dirname(dataDirectory), "carrel-images-"));
  chmodSync(folder, 0o755); // the server, which is no root, must get through
  data = path.join(folder, "data");
  mkdirSync(path.join(data, "images/desktop"), { recursive: true });
  for (const hash of readdirSync(path.join(dataDirectory, "images/desktop")))
    symlinkSync(path.join(dataDirectory, "images/desktop", hash), path.join(data, "images/desktop", hash));
});
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));

const image = (...words) => carrel(["image", ...words, "--data", data]);
async function done(...words) {
  const { code, output, error } = await image(...words);
  assert.equal(code, 0, `image ${words.join(" ")}: ${error}${output}`);
  return output;
}
async function refused(wanted, ...words) {
  const { code, output, error } = await image(...words);
  assert.notEqual(code, 0, output);
  assert.match(error, wanted);
  assert.doesNotMatch(error, /terminate|what\(\)|Segmentation/);
}
const builds = (name) => readdirSync(path.join(data, "images", name)).filter((entry) => /^[0-9a-f]{64}$/.test(entry));
/** A recipe's folder of one's own. */
function recipe(name, text, files = {}) {
  const place = path.join(folder, "recipes", name);
  mkdirSync(place, { recursive: true });
  writeFileSync(path.join(place, "recipe"), text);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(place, "files", file)), { recursive: true });
    writeFileSync(path.join(place, "files", file), content);
  }
  return place;
}

/** Runs `script` on a desk of the server's image, and answers what it says. */
async function inDesk(settings, script) {
  const server = await Server.start({ data, ...settings });
  try {
    const { id } = await server.createSession();
    const { output } = await server.json("POST", `/api/v1/sessions/${id}/desk/terminal/execute`, { command: script, timeout: 60 });
    return output;
  } finally {
    await server.end();
  }
}

describe("a recipe on top of another", () => {
  const hello = { "/etc/hello": "hello\n" };
  let place;
  before(() => {
    place = recipe("more", "from desktop\nfile 0644 /etc/hello\nrun rm /etc/xdg/mimeapps.list\nrun mkdir -p /opt/new\n", hello);
  });

  test("is one layer, which names what it stands on, and is not built twice", async () => {
    assert.match(await done("build", place), /image: more [0-9a-f]{12} 0 MiB, \d+ packages/);
    const [hash] = builds("more");
    const build = path.join(data, "images/more", hash);
    assert.match(readFileSync(path.join(build, "facts"), "utf8"), /^layer desktop [0-9a-f]{64}\n$/);
    assert.equal(readFileSync(path.join(build, "root/etc/hello"), "utf8"), "hello\n");
    assert.equal(existsSync(path.join(build, "root/usr/bin")), false);
    assert.match(await done("build", place, "--if-missing"), /^image is there: more/);
    assert.match(await done("list"), /^desktop .*, below more [0-9a-f]{12}$[^]*^more .*, current, on desktop [0-9a-f]{12}$/m);
  });

  test("a desk from it has the files of both, without those that it took away", async () => {
    const said = await inDesk({ env: { CARREL_IMAGE: "more" } }, "cat /etc/hello; ls -d /opt/new /usr/bin/Xvnc /etc/xdg/mimeapps.list 2>/dev/null; (echo over > /etc/hello) 2>/dev/null || id -un");
    assert.equal(said, "hello\n/opt/new\n/usr/bin/Xvnc\nagent\n");
  });

  test("what lies below it is not removed", async () => {
    const below = readFileSync(path.join(data, "images/more", builds("more")[0], "facts"), "utf8").match(/desktop ([0-9a-f]{64})/)[1];
    await refused(/the image desktop [0-9a-f]{12} is below image more [0-9a-f]{12}; remove it first/, "rm", `desktop@${below}`);
  });

  test("a wrong recipe is refused with its line, and leaves nothing", async () => {
    await refused(/recipe: line 1: 'from' takes the name of one image/, "build", recipe("odd", 'from = "desktop"\n'));
    await refused(/there is no recipe absent; it would be in/, "build", recipe("lone", "from absent\n"));
    await refused(/more than 8 images stand on each other, or one on itself/, "build", recipe("self", "from self\n"));
    await refused(/building image fails: the layer's script ended with status 3\. Its last lines:/, "build", recipe("fails", "from desktop\nrun exit 3\n"));
    await refused(/there is no \.\/nowhere\/recipe/, "build", "./nowhere");
    for (const name of ["odd", "lone", "self", "fails"]) assert.equal(existsSync(path.join(data, "images", name)), false);
  });
});

describe("which build new desks get", () => {
  let [older, newer] = [];
  before(async () => {
    [older] = builds("more");
    await done("build", recipe("more", "from desktop\nfile 0644 /etc/hello\n", { "/etc/hello": "hello again\n" }));
    newer = builds("more").find((hash) => hash !== older);
  });
  const settings = { env: { CARREL_IMAGE: "more" } };

  test("the newest, the chosen one, and the newest again", async () => {
    assert.equal(await inDesk(settings, "cat /etc/hello"), "hello again\n");
    assert.match(await done("use", "more", older.slice(0, 12)), new RegExp(`^new desks of more get: more ${older.slice(0, 12)} `));
    assert.equal(await inDesk(settings, "cat /etc/hello"), "hello\n");
    assert.match(await done("list"), new RegExp(`^more ${older.slice(0, 12)} .*, current \\(chosen\\)`, "m"));
    await done("use", "more", "newest");
    assert.equal(await inDesk(settings, "cat /etc/hello"), "hello again\n");
  });

  test("a choice of what is not there is refused", async () => {
    await refused(/there is no image more ffffff/, "use", "more", "ffffff");
    await refused(/'ff' is too short for a hash; give at least 6 digits/, "use", "more", "ff");
    await refused(/there is no image other/, "use", "other", "newest");
    await refused(/'\.\.' cannot be an image's name/, "use", "..", "newest");
  });

  test("a desk that lives keeps its build from rm and prune; then prune takes what is not current", async () => {
    await done("use", "more", older);
    const server = await Server.start({ data, ...settings });
    try {
      const { id, desk } = await server.createSession();
      await done("use", "more", "newest");
      assert.match(await done("list"), new RegExp(`^more ${older.slice(0, 12)} .*, used by 1 desk`, "m"));
      await refused(new RegExp(`the image more ${older.slice(0, 12)} is used by desk ${desk.id}; remove it first`), "rm", `more@${older}`);
      assert.doesNotMatch(await done("prune"), /removed: more/);
      const list = (await server.json("GET", "/api/v1/images")).images.find(({ name }) => name === "more");
      assert.equal(list.hash, newer);
      assert.equal(list.display, "x11");
      assert.deepEqual(list.builds.map(({ hash, current, from }) => ({ hash, current, from })), [
        { hash: newer, current: true, from: "desktop" },
        { hash: older, current: false, from: "desktop" },
      ]);
      const { output } = await server.json("POST", `/api/v1/sessions/${id}/desk/terminal/execute`, { command: "cat /etc/hello", timeout: 60 });
      assert.equal(output, "hello\n");
    } finally {
      await server.end();
    }
    assert.match(await done("prune"), new RegExp(`removed: more ${older.slice(0, 12)} `));
    assert.deepEqual(builds("more"), [newer]);
  });

  test("rm refuses what is no build, and takes one or all", async () => {
    await refused(/'more@' has no hash after the @/, "rm", "more@");
    await refused(/there is no image more ffffff/, "rm", "more@ffffff");
    await refused(/there is no image other/, "rm", "other");
    assert.match(await done("rm", `more@${newer.slice(0, 10)}`), /^removed: more/);
    assert.equal(existsSync(path.join(data, "images/more")), false);
  });

  test("a server whose image is not there says which are", async () => {
    const server = await Server.start({ data, env: { CARREL_IMAGE: "more" } });
    try {
      const { status, body } = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none" } });
      assert.equal(status, 422);
      assert.equal(body.code, "no_image");
      assert.match(body.detail, /there is no image 'more', but desktop; `carrel image build more`/);
    } finally {
      await server.end();
    }
  });
});

describe("a foreign image", () => {
  const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
  /** A tar of these, made by Python's tarfile: names that tar(1) would not write. */
  function tar(entries) {
    const script = `
import sys, json, io, tarfile
out = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
for e in json.load(sys.stdin):
    info = tarfile.TarInfo(e["name"])
    info.type = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "char": tarfile.CHRTYPE, "fifo": tarfile.FIFOTYPE}[e.get("type", "file")]
    info.mode = e.get("mode", 0o755)
    info.uid = info.gid = e.get("id", 0)
    info.linkname = e.get("to", "")
    info.devmajor, info.devminor = 1, 3
    content = e.get("content", "").encode() if "size" not in e else bytes(e["size"])
    if "from" in e: content = open(e["from"], "rb").read()
    info.size = len(content)
    out.addfile(info, io.BytesIO(content))
out.close()`;
    return execFileSync("/usr/bin/python3", ["-c", script], { input: JSON.stringify(entries), maxBuffer: 1 << 28 });
  }
  /** As \`docker save\` writes it: one layer. */
  function archive(name, entries) {
    const layer = tar(entries);
    const config = JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] }, history: [{ created_by: "test" }] });
    const place = path.join(folder, `archive-${name}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(path.join(place, "layer.tar"), layer);
    writeFileSync(path.join(place, "config.json"), config);
    writeFileSync(path.join(place, "manifest.json"), JSON.stringify([{ Config: "config.json", RepoTags: ["test:latest"], Layers: ["layer.tar"] }]));
    const file = path.join(folder, `${name}.tar`);
    execFileSync("tar", ["-C", place, "-cf", file, "manifest.json", "config.json", "layer.tar"]);
    return file;
  }
  const busybox = ["sh", "ls", "cat", "id", "stat"].map((name) => ({ name: `bin/${name}`, type: "link", to: "busybox" }));
  const small = [{ name: "bin/busybox", from: "/bin/busybox" }, ...busybox, { name: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n", mode: 0o644 }];
  const root = (name) => path.join(data, "images", name, builds(name)[0], "root");

  test("becomes an image with what a desk needs, from an archive and from a folder", async () => {
    const file = archive("small", [...small, { name: "home/node/x", id: 1000, content: "x" }]);
    assert.match(await done("import", `docker-archive:${file}`, "small"), /image: small [0-9a-f]{12} \d+ MiB, 0 packages/);
    assert.equal(readFileSync(path.join(root("small"), "etc/passwd"), "utf8"), "root:x:0:0::/root:/bin/sh\nagent:x:1000:1000::/home/agent:/bin/sh\n");
    for (const [entry, uid] of [["bin/busybox", 0], ["home/node/x", 1000], ["home/agent", 1000], ["tmp", 0]]) assert.equal(statSync(path.join(root("small"), entry)).uid, uid, entry);
    assert.equal(readFileSync(path.join(root("small"), "../facts"), "utf8"), "display none\n");
    assert.match(await done("list"), /^small .*, no display, imported$/m);
    assert.match(await done("import", `docker-archive:${file}`, "small"), /is there already/);
    execFileSync("skopeo", ["--insecure-policy", "copy", "--quiet", `docker-archive:${file}`, `dir:${path.join(folder, "small-dir")}`]);
    await done("import", `dir:${path.join(folder, "small-dir")}`, "small-too");
    assert.ok(existsSync(path.join(root("small-too"), "home/agent/Downloads")));
  });

  test("a hostile archive reaches nothing of the host and keeps no device, set-uid program or pipe", async () => {
    const victim = path.join(folder, "victim");
    writeFileSync(victim, "untouched");
    const up = "../".repeat(12);
    const file = archive("hostile", [
      ...small,
      { name: "dev/mem", type: "char" },
      { name: "odd/fifo", type: "fifo" },
      { name: "odd/su", content: "x", mode: 0o6755 },
      { name: "out", type: "link", to: folder },
      { name: "out/victim", content: "overwritten" },
      { name: "up", type: "link", to: `${up}${folder.slice(1)}` },
      { name: "up/victim", content: "overwritten" },
      { name: "tmp", type: "link", to: folder },
      { name: "etc/hosts", type: "link", to: victim },
      { name: "home", type: "link", to: folder },
      { name: ".wh.usr" },
    ]);
    await done("import", `docker-archive:${file}`, "hostile");
    assert.equal(readFileSync(victim, "utf8"), "untouched");
    assert.deepEqual(readdirSync(folder).filter((name) => name === "agent"), []);
    const find = (...words) => execFileSync("find", [root("hostile"), ...words], { encoding: "utf8" });
    assert.equal(find("(", "-type", "c", "-o", "-type", "b", "-o", "-type", "p", "-o", "-type", "s", ")"), "");
    assert.equal(find("-type", "f", "-perm", "/6000"), "");
    for (const name of ["tmp", "home", "etc", "dev"]) assert.ok(lstatSync(path.join(root("hostile"), name)).isDirectory(), name);
  });

  test("an archive that climbs out of its root is refused, or stays inside", async () => {
    for (const [name, entry] of [
      ["climbs", { name: "../../../../climbed", content: "x" }],
      ["absolute", { name: "/climbed", content: "x" }],
      ["hard", { name: "climbed", type: "hard", to: "../../../../../../etc/passwd" }],
    ]) {
      const { code } = await image("import", `docker-archive:${archive(name, [...small, entry])}`, name);
      if (code === 0) assert.ok(readdirSync(root(name)).length > 0);
      else assert.equal(existsSync(path.join(data, "images", name)), false);
      for (const place of ["/climbed", path.join(folder, "climbed"), path.join(data, "climbed"), path.join(data, "images/climbed"), path.join(data, "images", name, "climbed")])
        assert.equal(existsSync(place), false, place);
    }
  });

  test("what is no archive is refused with a sentence, and leaves nothing", async () => {
    const file = path.join(folder, "noise.tar");
    writeFileSync(file, Buffer.alloc(4096, "x"));
    await refused(/building image noise: skopeo ended with status 1\. Its last lines:/, "import", `docker-archive:${file}`, "noise");
    await refused(/missing\.tar is no file/, "import", `docker-archive:${path.join(folder, "missing.tar")}`, "noise");
    await refused(/noise\.tar is no folder/, "import", `dir:${file}`, "noise");
    await refused(/'docker:\/\/debian' is no source of an image; write docker-archive:FILE/, "import", "docker://debian", "noise");
    await refused(/'\.\.\/noise' cannot be an image's name/, "import", `docker-archive:${file}`, "../noise");
    const cut = path.join(folder, "cut.tar");
    writeFileSync(cut, readFileSync(archive("whole", small)).subarray(0, 20_000));
    await refused(/building image noise: skopeo ended/, "import", `docker-archive:${cut}`, "noise");
    assert.equal(existsSync(path.join(data, "images/noise")), false);
  });
});
