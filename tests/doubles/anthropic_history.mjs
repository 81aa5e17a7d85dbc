// Holds a client to its history: what was sent once is sent again byte by byte, and what the double said comes back
// in its place. The vendor binds its cache and the signatures of thoughts to these bytes. Pictures may be dropped, but
// then no thought behind them may stay; and a client may take back messages from the end on.
import { createHash } from "node:crypto";
import { ApiError } from "./anthropic_rules.mjs";

/** The raw texts of the items of the list `name` at the top of a JSON object. */
export function rawItems(text, name) {
  let at = text.indexOf("{") + 1;
  for (;;) {
    at = skipSpace(text, at);
    if (text[at] !== '"') return [];
    const key = skipValue(text, at);
    const value = skipSpace(text, skipSpace(text, key) + 1);
    if (JSON.parse(text.slice(at, key)) === name) return listItems(text, value);
    at = skipSpace(text, skipValue(text, value)) + 1;
  }
}

function listItems(text, at) {
  const items = [];
  for (at = skipSpace(text, at + 1); text[at] !== "]"; ) {
    const end = skipValue(text, at);
    items.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return items;
}

const skipSpace = (text, at) => {
  while (" \t\r\n".includes(text[at])) at += 1;
  return at;
};

/** The end of the value that begins at `at`; the text is known to be JSON. */
function skipValue(text, at) {
  for (let depth = 0; ; at += 1) {
    if (text[at] === '"') for (at += 1; text[at] !== '"'; at += 1) if (text[at] === "\\") at += 1;
    if ("[{".includes(text[at])) depth += 1;
    if ("]}".includes(text[at])) depth -= 1;
    if (depth < 0) return at;
    if (depth === 0 && ('"]}'.includes(text[at]) || ",]}".includes(text[at + 1] ?? "]") || " \t\r\n:".includes(text[at + 1]))) return at + 1;
  }
}

/** A message without its cache marks, which belong to a request and not to the history. */
export const unmarked = (raw) => raw.replaceAll(',"cache_control":{"type":"ephemeral"}', "");

/** What of a message stays when pictures and thoughts are dropped. */
function plain({ role, content }) {
  if (!Array.isArray(content)) return digest(JSON.stringify({ role, content }));
  const gone = "<system>this picture is no longer kept</system>";
  const part = (inner) => (inner.type === "image" || inner.text === gone ? "picture" : inner);
  const blocks = content
    .filter(({ type }) => !type.endsWith("thinking"))
    .map(({ cache_control, ...block }) => (Array.isArray(block.content) ? { ...block, content: block.content.map(part) } : block));
  return digest(JSON.stringify({ role, blocks }));
}

const digest = (text) => createHash("sha256").update(text).digest("base64");

export class History {
  #issued = new Map(); // tool_use id or signature → {before: digests of the messages then, block}
  #prefixes = new Set(); // digests of request beginnings that a cache could serve

  /** A mark that names this answer's place; used in the signatures of thoughts. */
  static sign(thinking, raw) {
    return digest(`${thinking}\n${raw.join("\n")}`);
  }

  remember(blocks, raw, messages) {
    const before = raw.map(digest);
    const plainBefore = messages.map(plain);
    for (const block of blocks) {
      const name = block.type === "thinking" ? block.signature : block.id;
      // An answer that the client did not keep may have had the same name.
      if (name) this.#issued.set(name, [...(this.#issued.get(name) ?? []), { before, plainBefore, block }]);
    }
  }

  check(messages, raw) {
    const now = { before: raw.map(digest), plainBefore: messages.map(plain) };
    messages.forEach(({ role, content }, i) => {
      if (role !== "assistant" || !Array.isArray(content)) return;
      for (const block of content) this.#checkBlock(block, i, now);
    });
  }

  #checkBlock(block, i, now) {
    if (block.type !== "thinking" && block.type !== "tool_use") return;
    const issued = this.#issued.get(block.type === "thinking" ? block.signature : block.id);
    const fail = (what) => {
      throw new ApiError(400, "invalid_request_error", `messages.${i}: ${what}`);
    };
    if (!issued && block.type === "thinking") fail("Invalid `signature` in `thinking` block");
    const faults = issued?.map((each) => this.#faultOf(block, i, now, each)) ?? [undefined];
    if (faults.every(Boolean)) fail(faults.at(-1));
  }

  #faultOf(block, i, now, issued) {
    if (issued.before.length !== i) return "an answer stands at another place than where it was given";
    const digests = block.type === "thinking" ? "before" : "plainBefore";
    const altered = issued[digests].findIndex((was, k) => was !== now[digests][k]);
    if (altered >= 0) return `message ${altered} is not the same bytes as before`;
    if (block.type === "thinking" && block.thinking !== issued.block.thinking) return "`thinking` blocks cannot be modified";
    if (block.type === "tool_use" && JSON.stringify(block.input) !== JSON.stringify(issued.block.input))
      return "the input of a tool_use was altered";
  }

  /**
   * Tokens read from and written to the cache; roughly four bytes are one. What stands before a mark is kept; from a
   * mark the vendor looks back over 20 blocks for what it has.
   */
  cached(text, body) {
    const total = Math.ceil(text.length / 4);
    const places = [{ bytes: 0, digest: digest(JSON.stringify([body.tools, body.system])), marked: text.includes('"cache_control"') }];
    for (const { role, content } of body.messages)
      for (const { cache_control, ...block } of Array.isArray(content) ? content : [{ content }]) {
        const raw = JSON.stringify({ role, block });
        const before = places.at(-1);
        places.push({ bytes: before.bytes + raw.length, digest: digest(before.digest + raw), marked: Boolean(cache_control) });
      }
    if (body.cache_control) places.at(-1).marked = true;
    places[0].bytes = 1;
    let read = 0;
    places.forEach(({ marked }, at) => {
      for (let k = at; marked && k >= Math.max(0, at - 20); k -= 1)
        if (this.#prefixes.has(places[k].digest)) read = Math.max(read, Math.ceil(places[k].bytes / 4));
    });
    for (const place of places) if (place.marked) this.#prefixes.add(place.digest);
    return places.some(({ marked }) => marked) ? { read, written: total - read, fresh: 1 } : { read: 0, written: 0, fresh: total };
  }
}
