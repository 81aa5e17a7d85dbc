// Holds a client to its history: what was sent once is sent again byte by byte, and what the double said comes back
// in its place. The vendor binds its cache and the signatures of thoughts to these bytes.
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

const digest = (text) => createHash("sha256").update(text).digest("base64");

export class History {
  #issued = new Map(); // tool_use id or signature → {before: digests of the messages then, block}
  #prefixes = new Set(); // digests of request beginnings that a cache could serve

  /** A mark that names this answer's place; used in the signatures of thoughts. */
  static sign(thinking, raw) {
    return digest(`${thinking}\n${raw.join("\n")}`);
  }

  remember(blocks, raw) {
    const before = raw.map(digest);
    for (const block of blocks) {
      const name = block.type === "thinking" ? block.signature : block.id;
      if (name) this.#issued.set(name, { before, block });
    }
  }

  check(messages, raw) {
    const digests = raw.map(digest);
    messages.forEach(({ role, content }, i) => {
      if (role !== "assistant" || !Array.isArray(content)) return;
      for (const block of content) this.#checkBlock(block, i, digests);
    });
  }

  #checkBlock(block, i, digests) {
    if (block.type !== "thinking" && block.type !== "tool_use") return;
    const issued = this.#issued.get(block.type === "thinking" ? block.signature : block.id);
    const fail = (what) => {
      throw new ApiError(400, "invalid_request_error", `messages.${i}: ${what}`);
    };
    if (!issued && block.type === "thinking") fail("Invalid `signature` in `thinking` block");
    if (!issued) return;
    if (issued.before.length !== i) fail("an answer stands at another place than where it was given");
    issued.before.forEach((was, k) => was === digests[k] || fail(`message ${k} is not the same bytes as before`));
    if (block.type === "thinking" && block.thinking !== issued.block.thinking) fail("`thinking` blocks cannot be modified");
    if (block.type === "tool_use" && JSON.stringify(block.input) !== JSON.stringify(issued.block.input))
      fail("the input of a tool_use was altered");
  }

  /** Tokens read from and written to the cache, when the request asks for caching; roughly four bytes are one. */
  cached(text, rawMessages, asks) {
    const total = Math.ceil(text.length / 4);
    if (!asks) return { read: 0, written: 0, fresh: total };
    const head = text.slice(0, text.length - rawMessages.join(",").length);
    let bytes = head.length;
    let read = 0;
    let prefix = digest(head);
    for (const raw of rawMessages) {
      prefix = digest(prefix + raw);
      bytes += raw.length;
      if (this.#prefixes.has(prefix)) read = Math.ceil(bytes / 4);
      this.#prefixes.add(prefix);
    }
    return { read, written: total - read, fresh: 1 };
  }
}
