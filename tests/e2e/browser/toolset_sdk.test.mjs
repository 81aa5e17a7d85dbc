// The vendor's own SDK on top of browser/toolset: what it makes of our answers is what we answer.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BetaAbstractBrowserToolset20260801, ToolError } from "@anthropic-ai/sdk/helpers/beta/toolsets";
import { everything } from "../lib/pages.mjs";
import { home, onSite } from "../lib/toolset_site.mjs";

const pages = onSite();

const at = (x, y) => ({ type: "coordinate", x, y });

describe("the vendor's SDK", () => {
  /** The SDK's pipeline, with every member carried out by the desk. */
  class Desk extends BetaAbstractBrowserToolset20260801 {
    last = undefined;

    constructor(options) {
      super({
        configs: everything,
        confirm: () => true,
        browserState: () => this.report(),
        filePolicy: {
          resolveUploadPaths: (_, paths) => paths,
          resolveUploadDocuments: (_, ids) => ids,
          isPathVisible: () => true,
        },
        ...options,
      });
    }

    report() {
      const { tabs, state_changes } = this.last;
      return { tabs, state_changes };
    }

    async execute(_, name, input) {
      const answer = await pages.call(name, input);
      this.answer = answer;
      const state = answer.content.find(({ type }) => type === "browser_state");
      this.last = state ?? (await pages.call("list_tabs")).content[0];
      if (answer.is_error) throw new ToolError(answer.content);
      const text = answer.content.find(({ type }) => type === "text")?.text;
      const image = answer.content.find(({ type }) => type === "image");
      const active = state.tabs.find(({ active }) => active);
      if (image) return { data: image.source.data, mediaType: image.source.media_type };
      if (name === "navigate") {
        const [, url, , title, , status] = text.match(/^Navigated to (\S+)( — (.*?))?( \(HTTP (\d+)\))?$/);
        return { url, title, status: status && Number(status) };
      }
      if (["new_tab", "switch_tab"].includes(name)) return active;
      if (name === "list_tabs") return state.tabs;
      return [
        "read_page",
        "find",
        "get_page_text",
        "read_console",
        "read_network",
        "javascript_exec",
      ].includes(name)
        ? text === "(empty)"
          ? ""
          : text
        : undefined;
    }
  }

  test("makes of our results the blocks that we answer, member by member", async () => {
    const desk = new Desk();
    const call = async (name, input = {}) => {
      const result = await desk.toolResult({
        type: "tool_use",
        id: "toolu_1",
        name,
        input,
        toolset_name: "browser",
      });
      assert.equal(result.toolset_name, "browser");
      return result;
    };
    const same = async (name, input) => {
      const result = await call(name, input);
      assert.notEqual(result.is_error, true, JSON.stringify(result.content));
      assert.deepEqual(result.content, desk.answer.content, name);
      return result.content;
    };
    await same("navigate", { url: home });
    const tree = (await same("read_page", { filter: "all" }))[0].text;
    const second = { type: "ref", ref: tree.match(/link "Second" \[(ref_\d+)\]/)[1] };
    for (const [name, input] of [
      ["screenshot"],
      ["zoom", { region: [0, 0, 50, 50] }],
      ["hover", { target: second }],
      ["mouse_move", { target: at(5, 5) }],
      ["left_mouse_down", { target: at(300, 300) }],
      ["left_mouse_up", { target: at(300, 300) }],
      ["left_click_drag", { from: at(300, 300), target: at(310, 310) }],
      ["right_click", { target: at(300, 300) }],
      ["middle_click", { target: at(300, 300) }],
      ["double_click", { target: at(300, 300) }],
      ["triple_click", { target: at(300, 300) }],
      ["scroll_to", { target: second }],
      ["type", { text: "a  b\n" }],
      ["key", { text: "Escape" }],
      ["hold_key", { text: "a", duration: 0.25 }],
      ["find", { query: "second" }],
      ["get_page_text"],
      ["wait", { duration: 0 }],
      ["read_console"],
      ["read_network"],
      ["javascript_exec", { text: "document.title" }],
      ["left_click", { target: second }],
      ["new_tab"],
      ["list_tabs"],
    ])
      await same(name, input ?? {});
    // What scrolled is more than the SDK would say.
    await same("javascript_exec", { text: "document.body.style.height = '3000px'" });
    const { content } = await call("scroll", {
      target: at(300, 300),
      scroll_direction: "down",
      scroll_amount: 1,
    });
    const [acknowledgement, more, ...rest] = desk.answer.content;
    assert.deepEqual(content, [acknowledgement, ...rest]);
    assert.match(more.text, /^the page scrolled by 100 pixels/);
    const tabs = (await same("list_tabs", {}))[0].tabs;
    await same("switch_tab", { tab_id: tabs[0].tab_id });
    await same("close_tab", { tab_id: tabs.at(-1).tab_id });
    await pages.open(`<input aria-label=Name><input type=file aria-label=File>`);
    const form = (await same("read_page", {}))[0].text;
    await same("form_input", {
      target: { type: "ref", ref: form.match(/"Name" \[(ref_\d+)/)[1] },
      value: "x",
    });
    await same("file_upload", {
      target: { type: "ref", ref: form.match(/"File" \[(ref_\d+)/)[1] },
      paths: ["/etc/hostname"],
    });
    const failed = await call("left_click", { target: { type: "ref", ref: "ref_9999" } });
    assert.equal(failed.is_error, true);
    assert.deepEqual(failed.content, desk.answer.content);
    await desk.close();
  });
});
