// Chromium's own accessibility tree of a desk's page beside what page/read tells, element by element.
import { chromium } from "playwright-core";
import { until } from "./carrel.mjs";

/** The DevTools protocol of the desk's page: {call(method, params), ourWorld(), close()}. */
async function attach(pages) {
  const browser = await chromium.connectOverCDP(pages.desk.server.url + pages.desk.at("browser/devtools"));
  const [context] = browser.contexts();
  const tab = context.pages().find((page) => page.url().startsWith("file:"));
  const session = await context.newCDPSession(tab);
  const worlds = new Map();
  session.on("Runtime.executionContextCreated", ({ context }) => worlds.set(context.id, context));
  session.on("Runtime.executionContextDestroyed", ({ executionContextId }) =>
    worlds.delete(executionContextId),
  );
  session.on("Runtime.executionContextsCleared", () => worlds.clear());
  const { frameTree } = await session.send("Page.getFrameTree");
  for (const domain of ["Runtime", "DOM", "Accessibility"]) await session.send(`${domain}.enable`);
  const isOurs = ({ name, auxData }) =>
    name.startsWith("carrel-page-") && auxData.frameId === frameTree.frame.id;
  const ourWorld = () => [...worlds.values()].findLast(isOurs)?.id;
  return { ourWorld, call: (method, params) => session.send(method, params), close: () => browser.close() };
}

/** `button "Save" [ref_3] …` in its parts; undefined for a line of another kind. */
export function parseLine(line) {
  const parts = line.match(/^ *([a-z]+(?: [a-z]+)*)(?: "((?:[^"\\]|\\.)*)")? \[ref_(\d+)\]/);
  return (
    parts && { role: parts[1], name: (parts[2] ?? "").replaceAll(/\\(.)/g, "$1"), ref: Number(parts[3]) }
  );
}

/** One line, without what is only seen: private characters, soft hyphens. */
export const folded = (text) => text.replace(/[\s\u00ad\u200b\ue000-\uf8ff]+/g, " ").trim();

export class Accessible {
  /** On a page that is open, and was read once. */
  static async of(pages) {
    const accessible = new Accessible();
    accessible.pages = pages;
    accessible.tab = await attach(pages);
    return accessible;
  }

  close() {
    return this.tab.close();
  }

  /** What Chromium tells of the element: {isIgnored, role, name}. */
  async theirs(selector) {
    const { root } = await this.tab.call("DOM.getDocument", { depth: 0 });
    const { nodeId } = await this.tab.call("DOM.querySelector", { nodeId: root.nodeId, selector });
    const { nodes } = await this.tab.call("Accessibility.getPartialAXTree", {
      nodeId,
      fetchRelatives: false,
    });
    const [{ ignored, role, name }] = nodes;
    return {
      isIgnored: ignored,
      role: ignored ? "" : role.value,
      name: ignored ? "" : folded(name?.value ?? ""),
    };
  }

  /** What page/read tells of it, or page/find when asked for `name`: {role, name, text: all that is in it}. */
  async ours(selector, name) {
    const lines = (await this.pages.read()).split("\n").map(parseLine).filter(Boolean);
    if (name) {
      const { matches } = await this.pages.post("browser/page/find", { query: name, limit: 100 });
      lines.push(...matches.map(({ text }) => parseLine(text)).filter(({ role }) => role === "option"));
    }
    const { number, text } = await this.inOurWorld(
      selector,
      lines.filter(({ role }) => role !== "text").map(({ ref }) => ref),
    );
    const line = lines.find(({ ref }) => ref === number);
    return { role: line?.role ?? "", name: line?.name ?? "", text: folded(text) };
  }

  /** Which of the references is the element's, asked of the page's script in its own world. */
  async inOurWorld(selector, references) {
    await until("the page's script", () => this.tab.ourWorld() !== undefined);
    const contextId = this.tab.ourWorld();
    const expression = `(() => {
      const wanted = document.querySelector(${JSON.stringify(selector)});
      const number = ${JSON.stringify(references)}.find((ref) => carrelPage("itself", { ref }) === wanted) ?? 0;
      return { number, text: wanted.textContent };
    })()`;
    const { result } = await this.tab.call("Runtime.evaluate", {
      contextId,
      expression,
      returnByValue: true,
    });
    return result.value;
  }
}
