// file/watch: what changes below a directory comes as events, at once and in order.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { follow, until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { at, post, request, run } = desk;

/** The events of a path while `act` runs, until one is about `last`. */
async function eventsOf(query, act, last) {
  const events = [];
  const stream = follow(desk.server, at(`file/watch?${query}`), ({ event, data }) => events.push({ event, ...data }));
  try {
    assert.equal((await stream.opened).statusCode, 200);
    await act();
    await until(`an event about ${last}`, () => events.some((event) => event.path === last));
    return events;
  } finally {
    stream.stop();
  }
}
const told = (events) => events.map(({ event, path, from }) => `${event} ${path.replace("/home/agent/w/", "")}${from ? ` from ${from.replace("/home/agent/w/", "")}` : ""}`);
const distinct = (lines) => lines.filter((line, at) => line !== lines[at - 1]);

/**
 * Makes a file `name` in each directory of w: all must be told as made where they are, and nothing else as made. `lines`
 * grows with what is told; what is on its way from before belongs to no file of that name.
 */
async function changesAreToldRightly(lines, name) {
  await run(`cd ~/w; find . -type d | while read -r folder; do echo 1 > $folder/${name}; done`);
  const real = (await run(`cd ~/w; find . -name ${name} -printf '%P\\n'`)).trim().split("\n").map((path) => `created ${path}`).sort();
  const seen = () => new Set(lines.filter((line) => line === `created ${name}` || (line.startsWith("created ") && line.endsWith(`/${name}`))));
  // What is below a folder that another watch still settles may be told after the last file.
  await until(`each ${name} is told`, () => seen().isSupersetOf(new Set(real)), 30).catch(() => {});
  assert.deepEqual([...seen()].sort(), real);
}

describe("watching", () => {
  test("tells of files that are made, changed, moved and deleted", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w/deep; touch ~/w/end");
    const events = await eventsOf("path=w", () => run("cd ~/w; mkdir x; mv x y; echo 1 > deep/unseen; ln -s y l; rm l; rmdir y; mv deep /tmp/gone; rm end"), "/home/agent/w/end");
    assert.deepEqual(distinct(told(events)), ["created x", "moved y from x", "created l", "deleted l", "deleted y", "deleted deep", "deleted end"]);
    assert.deepEqual(events.map(({ is_dir }) => is_dir).slice(0, 3), [true, true, false]);
    const changed = await eventsOf("path=w", () => run("cd ~/w; echo text > f; echo more >> f; rm f; mkdir end"), "/home/agent/w/end");
    assert.deepEqual(distinct(told(changed)), ["created f", "modified f", "deleted f", "created end"]);
  });

  test("goes into directories, also those that are made later, moved, and full from the start", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w/a/b");
    const act = () => run("cd ~/w; mkdir -p n/e/w; until echo 1 > n/e/w/file; do :; done; mv a z; echo 1 > z/b/inside; echo end > last");
    const events = await eventsOf("path=w&recursive=true", act, "/home/agent/w/last");
    const lines = new Set(told(events));
    for (const line of ["created n", "created n/e", "created n/e/w", "created n/e/w/file", "moved z from a", "created z/b/inside"]) assert.ok(lines.has(line), `${line} of ${[...lines]}`);
  });

  test("a directory that is renamed as soon as it is made, every time", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w");
    const lines = new Set();
    const stream = follow(desk.server, at("file/watch?path=w&recursive=true"), ({ event, data }) => lines.add(told([{ event, ...data }])[0]));
    await stream.opened;
    await run(`python3 -c 'import os
os.chdir("/home/agent/w")
for i in range(100):
    os.mkdir("new"); os.mkdir("new/in"); os.rename("new", "made%d" % i)
os.mkdir("watched")'`);
    await until("all that was made is told", () => lines.has("created watched"));
    await run("cd ~/w; for i in $(seq 0 99); do echo 1 > made$i/f; echo 1 > made$i/in/f; done; echo end > last");
    await until("the end is told", () => lines.has("created last"));
    stream.stop();
    for (let i = 0; i < 100; ++i) for (const line of [`created made${i}/f`]) assert.ok(lines.has(line), line);
  });

  // Who follows has the tree at the end, whatever came when; and each directory of it is watched.
  const churns = {
    renamed: "make('new'); os.rename('new', f'made{i}')",
    "renamed twice, inside out": "make('new'); os.rename('new/in', 'new/inner'); os.rename('new', 'old'); os.rename('old', f'made{i}')",
    "moved into one that is just made": "make('new'); os.mkdir('box'); os.rename('new', 'box/new'); os.rename('box', f'made{i}')",
    "exchanged with the last one": "make('new'); os.path.exists('kept') and os.rename('kept', f'made{i}'); os.rename('new', 'kept')",
    "made again where one was removed": "make('new'); shutil.rmtree('new'); make('new'); os.rename('new', f'made{i}')",
  };
  for (const [what, churn] of Object.entries(churns))
    test(`loses nothing of two hundred directories that are made, filled and ${what} at once`, async () => {
      await run("rm -rf ~/w; mkdir -p ~/w");
      let tree = new Set();
      let overflows = 0;
      const lines = [];
      const below = (path, folder) => path === folder || path.startsWith(`${folder}/`);
      const take = (event, { path, from }) => {
        if (event === "overflow") ++overflows;
        if (event === "created") tree.add(path);
        if (event === "deleted") tree = new Set([...tree].filter((each) => !below(each, path)));
        if (event === "moved") tree = new Set([...tree].map((each) => (below(each, from) ? path + each.slice(from.length) : each)).concat(path));
        lines.push(told([{ event, path, from }])[0]);
      };
      const stream = follow(desk.server, at("file/watch?path=w&recursive=true"), ({ event, data }) => take(event, data));
      await stream.opened;
      await post("file/write", { path: "/tmp/churn.py", file_text: `import os, shutil
os.chdir("/home/agent/w")
def make(top):
    for folder in (top, top + "/in", top + "/in/deep"):
        os.mkdir(folder); open(folder + "/f", "w").close()
for i in range(200):
    ${churn}
os.mkdir("watched")
` });
      await run("python3 /tmp/churn.py");
      await until("all that was made is told", () => tree.has("/home/agent/w/watched"));
      await changesAreToldRightly(lines, "g");
      const real = (await run("find ~/w -mindepth 1")).trim().split("\n");
      assert.ok(real.length > 1000);
      // What an overflow has swallowed is for the client to look at; what comes after it is not.
      if (overflows === 0) assert.deepEqual(real.filter((path) => !tree.has(path)), []);
      assert.ok(overflows <= 1);
      await changesAreToldRightly(lines, "h");
      stream.stop();
    });

  test("the path of one file, whatever file stands there, until its folder is gone", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w/d; echo 1 > ~/w/d/one");
    const lines = [];
    const stream = follow(desk.server, at("file/watch?path=w/d/one"), ({ event, data }) => lines.push(...told([{ event, ...data }])));
    const answer = await stream.opened;
    let ended = false;
    answer.on("end", () => (ended = true));
    const next = async (command, wanted) => {
      lines.length = 0;
      await run(`cd ~/w/d; ${command}`);
      await until(`"${wanted}" after ${command}`, () => lines.join(", ").includes(wanted));
    };
    await next("echo 2 >> one", "modified d/one");
    for (let i = 0; i < 3; ++i) {
      await next("echo 3 > .one.tmp; mv .one.tmp one", "created d/one");
      await next("echo 4 >> one", "modified d/one");
    }
    await next("mv one one~", "deleted d/one");
    await next("echo 5 > one", "created d/one");
    await next("echo 5 >> one", "modified d/one");
    await next("rm one", "deleted d/one");
    await next("ln -s one~ one", "created d/one");
    await next("echo 6 >> one~", "modified d/one");
    assert.equal(ended, false);
    // The shell lets go of it first: a folder that somebody is in is not gone.
    await next("cd; rm -r ~/w/d", "deleted d/one");
    await until("the stream ends", () => ended);
  });

  test("bursts of moves are told as moves, each with both places", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w/in ~/w/out; touch ~/w/one ~/w/in/two");
    const mover = (from, to) => `python3 -c 'import os\nfor i in range(1500): os.rename("${from}%s" % (i or ""), "${to}%d" % (i + 1))'`;
    // Two movers, each within the other's records.
    const act = () => run(`cd ~/w; ${mover("one", "one")} & cd ~/w; ${mover("in/two", "in/two")}; wait; echo end > last`);
    const lines = told(await eventsOf("path=w&recursive=true", act, "/home/agent/w/last"));
    for (const name of ["one", "in/two"]) {
      const moves = lines.filter((line) => line.includes(name));
      assert.deepEqual(moves, Array.from({ length: 1500 }, (_, i) => `moved ${name}${i + 1} from ${name}${i || ""}`));
    }
  });

  test("what cannot be watched is refused", async () => {
    assert.equal((await request("GET", "file/watch?path=none")).status, 404);
    assert.equal((await request("GET", "file/watch?path=/root")).status, 403);
    assert.equal((await request("GET", "file/watch?recursive=perhaps")).status, 422);
  });

  test("after a flood, which is told as an overflow, what was made, renamed and exchanged in it is told where it is", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w/flood ~/w/a/in ~/w/x/of_x ~/w/y/of_y ~/w/p/q/deep ~/w/again/in ~/w/gone/in ~/w/out/in");
    const lines = [];
    const stream = follow(desk.server, at("file/watch?path=w&recursive=true"), ({ event, data }) => lines.push(told([{ event, ...data }])[0]));
    const answer = await stream.opened;
    // Nobody reads: 36 MB of events fill every buffer on the way, and then what the kernel holds.
    answer.pause();
    await post("file/write", { path: "/tmp/flood.py", file_text: `import os, shutil
os.chdir("/home/agent/w")
name = "flood/" + "f" * 240 + "%d"
open(name % 0, "w").close()
for i in range(60000):
    os.rename(name % i, name % (i + 1))
os.makedirs("new/in")
os.rename("a", "b"); os.mkdir("a")
os.rename("x", "t"); os.rename("y", "x"); os.rename("t", "y")
os.rename("p/q", "q"); os.rename("p", "q/p")
shutil.rmtree("again"); os.makedirs("again/in")
shutil.rmtree("gone")
os.rename("out", "/home/agent/out%d" % os.getpid())
` });
    await run("python3 /tmp/flood.py");
    answer.resume();
    await until("an overflow", () => lines.some((line) => line.startsWith("overflow")));
    lines.length = 0;
    await changesAreToldRightly(lines, "g");
    // Each directory by its own name, also in what happens to it now.
    lines.length = 0;
    await run("cd ~/w; mv b c; rm -r y; mkdir last");
    await until("the last is told", () => lines.includes("created last"));
    assert.deepEqual(lines.filter((line) => !line.startsWith("deleted y/")), ["moved c from b", "deleted y", "created last"]);
    stream.stop();
    assert.equal(await run("echo on"), "on\n");
  });

  test("a directory that could not be read is looked into when it can be", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w/shut/in ~/w/half/in; touch ~/w/shut/f; chmod 0 ~/w/shut; chmod 444 ~/w/half");
    const lines = [];
    const stream = follow(desk.server, at("file/watch?path=w&recursive=true"), ({ event, data }) => lines.push(told([{ event, ...data }])[0]));
    await stream.opened;
    await run("chmod 755 ~/w/shut");
    await until("what it holds is told", () => lines.includes("created shut/in"));
    assert.deepEqual(lines, ["modified shut", "created shut/f", "created shut/in"]);
    // The names of this one could be read, and nothing of what they stand for.
    lines.length = 0;
    await run("chmod 755 ~/w/half");
    await until("what it holds is told", () => lines.includes("created half/in"));
    assert.deepEqual(lines, ["modified half", "created half/in"]);
    await changesAreToldRightly(lines, "g");
    // One that is shut for a while stays watched, and what it held is not told again.
    await run("cd ~/w; chmod 0 shut; mv shut moved; chmod 755 moved");
    lines.length = 0;
    await changesAreToldRightly(lines, "h");
    assert.deepEqual(lines.filter((line) => line.endsWith("g")), []);
    stream.stop();
  });

  test("sixteen streams are open, also when more are asked for at once", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w; cd ~/w; mkdir $(seq 300)");
    // Streams that other tests have just left may still count, and those of a try in the next one.
    await until("sixteen of forty are open", async () => {
      const streams = Array.from({ length: 40 }, () => follow(desk.server, at("file/watch?path=w&recursive=true"), () => {}));
      const answers = await Promise.all(streams.map(({ opened }) => opened));
      for (const { stop } of streams) stop();
      const count = (status) => answers.filter(({ statusCode }) => statusCode === status).length;
      assert.equal(count(200) + count(507), 40);
      assert.ok(count(200) <= 16, `${count(200)} are open`);
      return count(200) === 16;
    });
  });

  test("streams are few, and one that is left makes room", async () => {
    const streams = [];
    // Streams that other tests have just left may still count.
    await until("sixteen are open", async () => {
      const next = follow(desk.server, at("file/watch?path=/tmp"), () => {});
      if ((await next.opened).statusCode === 200) streams.push(next);
      return streams.length === 16;
    });
    assert.equal((await request("GET", "file/watch?path=/tmp")).status, 507);
    for (const { stop } of streams) stop();
    await until("there is room", async () => {
      const next = follow(desk.server, at("file/watch?path=/tmp"), () => {});
      const { statusCode } = await next.opened;
      next.stop();
      return statusCode === 200;
    });
  });
});
