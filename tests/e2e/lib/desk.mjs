// A server with one desk for all tests of a file.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Server } from "./carrel.mjs";

/** To be called once, outside of tests: the desk is there from the first test to the last. */
export function useDesk() {
  const desk = {
    server: undefined,
    session: undefined,
    at: (operation) => `/api/v1/sessions/${desk.session.id}/desk/${operation}`,
    post: (operation, body = {}) => desk.server.json("POST", desk.at(operation), body),
    get: (operation) => desk.server.json("GET", desk.at(operation)),
    /** Runs a command in the desk's terminal; its output. */
    run: async (command) => {
      const { success, output, error } = await desk.post("terminal/execute", { command });
      assert.ok(success, error);
      return output;
    },
  };
  before(async () => {
    desk.server = await Server.start();
    desk.session = await desk.server.createSession({ provider: "scripted", network: "none", width: 1024, height: 768 });
  });
  after(() => desk.server?.end());
  return desk;
}
