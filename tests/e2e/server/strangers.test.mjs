// Who may ask at all: hosts, origins and pages of other sites.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onServer, sessions } from "../lib/server.mjs";

const api = onServer();
const { at } = api;

describe("strangers", () => {
  const host = () => new URL(api.server.url).host;
  const probe = (headers, method = "GET", body = undefined) => api.server.request(method, sessions, { headers, body });

  test("a foreign Host is refused, also for the page", async () => {
    for (const name of ["evil.example", "evil.example:7800", "127.0.0.1.evil.example", "localhost.evil.example", "169.254.169.254", "[::2]"]) {
      const { status, body } = await probe({ host: name });
      assert.equal(status, 403, name);
      assert.match(body.detail, /localhost/);
      assert.equal((await api.server.request("GET", "/", { headers: { host: name } })).status, 403, name);
    }
    for (const name of ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:80", "x.localhost", "X.Y.LocalHost:80"]) assert.equal((await probe({ host: name })).status, 200, name);
  });

  test("a foreign Origin is refused", async () => {
    for (const origin of ["https://evil.example", "null", `https://evil.example:${new URL(api.server.url).port}`, "file://", `http://${host()}.evil.example`, "http://localhost:1"]) {
      assert.equal((await probe({ origin })).status, 403, origin);
      assert.equal((await probe({ origin }, "POST", {})).status, 403, origin);
    }
    assert.equal((await probe({ origin: `http://${host()}` })).status, 200);
    for (const target of [sessions, "/", at("/desk/screen/info")])
      for (const method of ["HEAD", "OPTIONS"]) {
        const { status, headers } = await api.server.request(method, target, { headers: { origin: "http://evil.example", "access-control-request-method": "POST" } });
        assert.equal(status, method === "HEAD" ? 403 : 405, `${method} ${target}`);
        assert.ok(!Object.keys(headers).some((name) => name.startsWith("access-control-")), `${method} ${target}`);
      }
  });

  test("what a page of another site may ask", async () => {
    for (const site of ["cross-site", "same-site"]) {
      assert.equal((await probe({ "sec-fetch-site": site })).status, 403, site);
      assert.equal((await probe({ "sec-fetch-site": site }, "POST", {})).status, 403, site);
      assert.equal((await api.server.request("GET", "/", { headers: { "sec-fetch-site": site } })).status, 200, "a link to the page");
    }
    assert.equal((await probe({ "sec-fetch-site": "same-origin" })).status, 200);
    assert.equal((await probe({ "sec-fetch-site": "none" })).status, 200);
  });

  test("every answer forbids sniffing, framing by others and caching", async () => {
    for (const target of [sessions, "/nothing", "/", at("/desk/screen/info"), at("/desk/screen/screenshot")]) {
      const { headers } = await api.server.request("GET", target);
      assert.equal(headers["x-content-type-options"], "nosniff", target);
      assert.equal(headers["cross-origin-resource-policy"], "same-origin", target);
      assert.match(headers["content-security-policy"], /frame-ancestors|sandbox/, target);
      assert.match(headers["cache-control"], /no-store|no-cache/, target);
      assert.equal(headers["access-control-allow-origin"], undefined, target);
      assert.match(headers["x-request-id"], /\S/, target);
    }
  });
});
