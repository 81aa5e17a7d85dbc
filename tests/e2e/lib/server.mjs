// A server with one session for all tests of a file that speak to the server's own API.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { at, Server } from "./carrel.mjs";

export const sessions = "/api/v1/sessions";
export const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** To be called once, outside of tests: the server is there from the first test to the last. */
export function onServer() {
  const api = {
    server: undefined,
    session: undefined,
    /** The address of the session, or of something of it. */
    at: (rest) => at(api.session.id, rest),
    /** The problems of a 422, as "body.content". */
    problems: async (method, target, options) => {
      const { status, body, headers } = await api.server.request(method, target, options);
      assert.equal(status, 422, JSON.stringify(body));
      assert.equal(headers["content-type"], "application/problem+json");
      assert.equal(body.code, "validation_failed");
      assert.match(headers["x-request-id"], /\S/);
      for (const { msg, type } of body.detail) assert.ok(msg.length > 4 && /^[a-z_]+$/.test(type), JSON.stringify(body));
      return body.detail.map(({ loc }) => loc.join("."));
    },
    /** A refusal in one sentence. */
    refusal: async (status, method, target, options) => {
      const answer = await api.server.request(method, target, options);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.equal(answer.headers["content-type"], "application/problem+json");
      assert.equal(answer.body.status, status);
      assert.equal(typeof answer.body.detail, "string");
      return answer;
    },
  };
  before(async () => {
    api.server = await Server.start();
    api.session = await api.server.createSession({ provider: "scripted", network: "none", title: "First" });
  });
  after(() => api.server?.end());
  return api;
}
