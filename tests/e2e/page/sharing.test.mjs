// Letting others in from the page: links to a desktop, and users' keys.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { at, Server } from "../lib/carrel.mjs";
import { onPage, open, row, stateIs, world } from "../lib/page.mjs";

onPage();

const rows = (page, id) => page.getByTestId(id);

async function openShare(page) {
  await page.getByTestId("more").click();
  await page.getByTestId("share").click();
  await page.getByTestId("share-dialog").waitFor();
}

describe("links", () => {
  test("one is made, copied, used, listed without its secret, and revoked", async (t) => {
    await world.server.end();
    const key = "a-key-for-this-test-0123456789abcdef";
    world.server = await Server.start({ env: { CARREL_TOKEN: key } });
    const headers = { authorization: `Bearer ${key}` };
    const page = await open(t);
    await page.getByTestId("login").locator("input").fill(key);
    await page.keyboard.press("Enter");
    await page.getByTestId("new-session").click();
    await page.locator("input[name=network][value=none]").check();
    await page.getByTestId("create-session").click();
    await stateIs(page, "viewing");
    const id = await page.evaluate(() => location.hash.slice(1));
    t.after(async () => {
      await world.server.request("DELETE", at(id, "?purge=true"), { headers });
      await world.server.stop();
    });
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await openShare(page);
    assert.equal(await rows(page, "link-row").count(), 0);
    await page.locator("select[name=mode]").selectOption("control");
    await page.locator("select[name=lasts]").selectOption({ label: "in 10 minutes" });
    await page.getByTestId("create-link").click();
    const address = await page.getByTestId("link-address").inputValue();
    assert.ok(address.startsWith(`${world.server.url.replace(/\/$/, "")}/desk/${id}?link=`), address);
    await page.getByTestId("copy-link-address").click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), address);
    assert.match(await rows(page, "link-row").innerText(), /Uses keyboard and mouse\s*until /);
    const [link] = (await world.server.request("GET", at(id, "/links"), { headers })).body.links;
    assert.equal(link.mode, "control");
    const lasts = Date.parse(link.expires_at) - Date.now();
    assert.ok(lasts > 500_000 && lasts <= 600_000, `${lasts} ms`);

    const secret = new URL(address).searchParams.get("link");
    assert.ok(!page.url().includes(secret) && !world.server.log.includes(secret));
    const guest = await open(t, address);
    await stateIs(guest, "viewing");
    for (const hidden of ["more", "files"]) assert.equal(await guest.getByTestId(hidden).count(), 0, hidden);

    await page.keyboard.press("Escape");
    await openShare(page);
    await rows(page, "link-row").waitFor();
    assert.ok(!(await page.content()).includes(secret));
    await page.getByTestId("revoke-link").click();
    await rows(page, "link-row").waitFor({ state: "detached" });
    await guest.getByTestId("link-ended").waitFor();
  });
});

describe("users and keys", () => {
  test("the first key is an admin's and logs its giver in; others have roles; one that is revoked is out", async (t) => {
    await world.server.stop();
    world.server = await Server.start();
    const page = await open(t);
    await page.getByTestId("people").click();
    await page.getByTestId("first-key-hint").waitFor();
    assert.equal(await page.locator("input[name=user]").inputValue(), "local");
    await page.locator("input[name=user]").fill("ann");
    await page.getByTestId("give-key").click();
    const first = await page.getByTestId("given-key").inputValue();
    const headers = { authorization: `Bearer ${first}` };
    t.after(async () => {
      const { sessions } = (await world.server.request("GET", "/api/v1/sessions?all=true", { headers })).body;
      for (const { id } of sessions) await world.server.request("DELETE", at(id, "?purge=true"), { headers });
      await world.server.stop();
    });
    const told = await world.server.request("GET", "/api/v1/config", { headers });
    assert.deepEqual([told.body.user, told.body.role], ["ann", "admin"]);
    await page.getByTestId("first-key-hint").waitFor({ state: "detached" });
    await rows(page, "key-row").getByText("ann · admin").waitFor();

    const keys = {};
    for (const [user, role, lasts] of [
      ["ben", "user", "in a week"],
      ["vera", "viewer", "never"],
    ]) {
      await page.locator("input[name=user]").fill(user);
      await page.locator("select[name=role]").selectOption(role);
      await page.locator("select[name=lasts]").selectOption({ label: lasts });
      await page.getByTestId("give-key").click();
      await page.locator(`[data-testid=key-row][data-user=${user}]`).waitFor();
      keys[user] = await page.getByTestId("given-key").inputValue();
    }
    const listed = (await world.server.request("GET", "/api/v1/keys", { headers })).body.keys;
    assert.deepEqual(
      listed.map(({ user, role, expires_at }) => [user, role, expires_at !== null]),
      [
        ["vera", "viewer", false],
        ["ben", "user", true],
        ["ann", "admin", false],
      ],
    );
    for (const key of Object.values(keys)) assert.ok(!world.server.log.includes(key));

    const loggedIn = async (key) => {
      const other = await open(t);
      await other.getByTestId("login").locator("input").fill(key);
      await other.keyboard.press("Enter");
      await other.getByTestId("log-out").waitFor();
      return other;
    };
    const ben = await loggedIn(keys.ben);
    assert.equal(await ben.getByTestId("people").count(), 0);
    await ben.getByTestId("new-session").waitFor();
    const vera = await loggedIn(keys.vera);
    for (const hidden of ["people", "new-session"]) assert.equal(await vera.getByTestId(hidden).count(), 0);

    const ofBen = page.locator("[data-testid=key-row][data-user=ben]");
    await ofBen.getByTestId("revoke-key").click();
    assert.equal(await ofBen.getByTestId("revoke-key").innerText(), "Revoke for good");
    await ofBen.getByTestId("revoke-key").click();
    await ofBen.getByText(/^revoked/).waitFor();
    await ben.getByTestId("login").waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("people").click();
    await rows(page, "key-row").first().waitFor();
    const content = await page.content();
    for (const key of [first, ...Object.values(keys)]) assert.ok(!content.includes(key));
  });

  test("a key that only looks is offered nothing to make, to write or to paste", async (t) => {
    await world.server.stop();
    const admin = "a-key-for-this-test-0123456789abcdef";
    world.server = await Server.start({ env: { CARREL_TOKEN: admin } });
    const ask = (method, target, key, body) =>
      world.server.request(method, target, { body, headers: { authorization: `Bearer ${key}` } });
    const give = async (role) => (await ask("POST", "/api/v1/keys", admin, { user: "ann", role })).body.key;
    const [acts, looks] = [await give("user"), await give("viewer")];
    let id;
    t.after(async () => {
      if (id) await ask("DELETE", at(id, "?purge=true"), acts);
      await world.server.stop();
    });
    const page = await open(t);
    await page.getByTestId("login").locator("input").fill(looks);
    await page.keyboard.press("Enter");
    await page.getByText("You may look at those of ann: there are none now.").waitFor();
    const nothing = ["new-session", "key-line", "key-banner", "message-input", "send", "control-toggle"];
    const offers = async () => {
      for (const name of nothing) assert.equal(await page.getByTestId(name).count(), 0, name);
      for (const name of ["New session", "tour"])
        assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
    };
    await offers();
    const session = { provider: "scripted", network: "none", title: "Ann's" };
    ({ id } = (await ask("POST", "/api/v1/sessions", acts, session)).body);
    await stateIs(page, "viewing");
    await page.getByTestId("only-looks").waitFor();
    await offers();
  });

  test("a name that cannot be one is refused with the server's words", async (t) => {
    await world.server.stop();
    world.server = await Server.start();
    const page = await open(t);
    await page.getByTestId("people").click();
    await page.locator("input[name=user]").fill("two words");
    await page.getByTestId("give-key").click();
    await page.getByTestId("people-dialog").getByRole("alert").getByText("letters and digits").waitFor();
    assert.equal(await page.getByTestId("given-key").count(), 0);
  });
});

describe("a new session", () => {
  test("takes an image and a workspace whose files the next one has", async (t) => {
    await world.server.end();
    world.server = await Server.start();
    const page = await open(t);
    const make = async (title) => {
      await page.getByTestId("new-session").click();
      await page.locator("input[name=title]").fill(title);
      await page.locator("input[name=network][value=none]").check();
      await page.getByTestId("image-and-files").locator("summary").click();
      await page.locator("select[name=image]").selectOption("desktop");
      assert.ok(await page.locator("input[name=home]").isDisabled());
      await page.locator("input[name=workspace]").fill("papers");
      await page.locator("input[name=home]").check();
      await page.getByTestId("create-session").click();
      await page.getByTestId("new-session-dialog").waitFor({ state: "detached" });
      await row(page, title).waitFor();
      await stateIs(page, "viewing");
      return page.evaluate(() => location.hash.slice(1));
    };
    const run = async (id, command) =>
      (await world.server.json("POST", at(id, "/desk/terminal/execute"), { command })).output.trim();
    const first = await make("First");
    const { desk } = await world.server.json("GET", at(first));
    assert.deepEqual([desk.image, desk.workspace], ["desktop", "papers"]);
    await run(first, "echo kept > ~/note.txt");
    await world.server.json("DELETE", at(first, "?purge=true"));
    await page.getByTestId("new-session").click();
    const known = page.locator("#known-workspaces option[value=papers]");
    await known.waitFor({ state: "attached" });
    assert.match(await known.textContent(), /^[\d.]+ (B|kB|MB) of 2\.1 GB$/);
    await page.keyboard.press("Escape");
    await page.getByTestId("new-session-dialog").waitFor({ state: "detached" });
    const second = await make("Second");
    t.after(() => world.server.request("DELETE", at(second, "?purge=true")));
    assert.equal(await run(second, "cat ~/note.txt"), "kept");
  });
});
