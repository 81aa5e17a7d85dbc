// A server with one desk for all tests of a file.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { at, Server } from "./carrel.mjs";

/** What tests ask for that need no other desk: no network, and a screen that is small enough to be quick. */
export const ordinary = { provider: "scripted", network: "none", width: 1024, height: 768 };

/**
 * To be called once, outside of tests: the desk is there from the first test to the last. `prepare` is done before the
 * first one; a `before` of the file's own would not wait for the desk.
 */
export function onDesk(prepare = () => {}) {
  const desk = {
    server: undefined,
    session: undefined,
    /** The addresses of an operation, and of what the session has beside its desk. */
    at: (operation) => at(desk.session.id, `/desk/${operation}`),
    beside: (rest) => at(desk.session.id, `/${rest}`),
    /** {status, headers, body} of any call; `options` are those of Server.request. */
    request: (method, operation, options) => desk.server.request(method, desk.at(operation), options),
    ask: (operation, body) => desk.request("POST", operation, { body }),
    /** The answer of a call that the desk must not refuse. */
    post: (operation, body = {}) => desk.server.json("POST", desk.at(operation), body),
    get: (operation) => desk.server.json("GET", desk.at(operation)),
    /** The problem of a call that it must. */
    refused: async (operation, body, status = 422) => {
      const answer = await desk.ask(operation, body);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      return answer.body;
    },
    /** What is wrong with it, as "body.coordinate.x". */
    problems: async (operation, body) => (await desk.refused(operation, body)).detail.map(({ loc }) => loc.join(".")),
    /** What a command of the desk's terminal prints, whatever it exits with. */
    output: async (command) => (await desk.post("terminal/execute", { command, timeout: 100 })).output,
    /** The same of one that must exit with 0. */
    run: async (command) => {
      const { success, output, error } = await desk.post("terminal/execute", { command, timeout: 100 });
      assert.ok(success, error);
      return output;
    },
  };
  before(async () => {
    desk.server = await Server.start();
    desk.session = await desk.server.createSession(ordinary);
    await prepare();
  });
  after(() => desk.server?.end());
  return desk;
}
