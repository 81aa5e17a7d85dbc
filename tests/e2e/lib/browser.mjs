// A desk's browser for tests of browser/cdp: pages given as HTML, the answer of a call that works, the sentence of
// one that does not.
import assert from "node:assert/strict";
import { onDesk } from "./desk.mjs";

/** An address that is a page. */
export const page = (html) => `data:text/html;charset=utf-8,${encodeURIComponent(html)}`;

/** The desk's browser itself, for a command in its terminal. */
export const browserProcess = "$(pgrep -o -x chromium)";

/** To be called once, outside of tests. */
export function onBrowser() {
  const desk = onDesk();
  const ask = (method, operation, body) => desk.server.request(method, desk.at(operation), { body });
  const answer = async (operation, body) => {
    const { status, body: answer } = await ask("POST", operation, body);
    assert.equal(status, 200, `${operation}: ${JSON.stringify(answer)}`);
    return answer;
  };
  /** The answer of a call that works. */
  const post = async (operation, body = {}) => {
    const result = await answer(operation, body);
    assert.equal(result.success, true, `${operation}: ${result.error}`);
    return result;
  };
  /** The sentence of a call that does not. */
  const wrong = async (operation, body = {}) => {
    const result = await answer(operation, body);
    assert.equal(result.success, false, JSON.stringify(result));
    return result.error;
  };
  return {
    ask,
    post,
    wrong,
    get: desk.get,
    run: desk.run,
    evaluate: async (script, more = {}) => (await post("browser/cdp/evaluate", { script, ...more })).result,
    open: (html, more = {}) => post("browser/cdp/navigate", { url: page(html), ...more }),
    /** Serves a folder of the desk at 127.0.0.1 and, as another site, at localhost. */
    serve: async (files, port) => {
      for (const [name, file_text] of Object.entries(files)) await post("file/write", { path: `/home/agent/served/${name}`, file_text });
      await desk.run(`(setsid python3 -m http.server -b 127.0.0.1 -d /home/agent/served ${port} >/dev/null 2>&1 &) ; until (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null; do sleep 0.02; done`);
      return `http://127.0.0.1:${port}/`;
    },
  };
}
