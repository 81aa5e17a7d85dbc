// A strict double of the Anthropic Messages API: it refuses what the vendor refuses (anthropic_rules.mjs), holds
// clients to their history (anthropic_history.mjs), and says what a test told it to say.
//
//   const api = await startAnthropic();          // or: node anthropic.mjs, which prints {"url","key"}
//   api.say({ blocks: [{ type: "text", text: "hi" }] }, { fault: "overloaded" });
//   api.requests                                  // what was asked: {headers, body, error?}
//   await api.close();
//
// From another process: POST /_say with a JSON list, GET /_requests.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { fileURLToPath } from "node:url";
import { History, rawItems, unmarked } from "./anthropic_history.mjs";
import { ApiError, checkHeaders, checkRequest } from "./anthropic_rules.mjs";

const mostBytes = 32_000_000;
/** Sizes of the pieces in which a stream is written: events and characters are cut anywhere. */
const pieces = [1, 3, 64, 2, 1021, 7, 17, 4096];

/** What a client meets instead of an answer. `pause` (milliseconds) is asked for where it makes sense. */
const refusals = {
  rate_limit: { status: 429, type: "rate_limit_error", message: "Number of requests has exceeded your rate limit" },
  overloaded: { status: 529, type: "overloaded_error", message: "Overloaded" },
  internal: { status: 500, type: "api_error", message: "Internal server error" },
  too_large: { status: 413, type: "request_too_large", message: "Request exceeds the maximum size" },
  billing: { status: 402, type: "billing_error", message: "Your credit balance is too low" },
  invalid: { status: 400, type: "invalid_request_error", message: "The request is not acceptable" },
  permission: { status: 403, type: "permission_error", message: "Your API key does not have permission" },
};

export async function startAnthropic({ key = "sk-ant-test", port = 0 } = {}) {
  const api = new Api(key);
  const server = http.createServer((request, response) => api.serve(request, response));
  server.on("connection", (socket) => socket.setNoDelay(true));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  api.url = `http://127.0.0.1:${server.address().port}`;
  api.close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return api;
}

class Api {
  requests = [];
  #replies = [];
  #history = new History();
  #paused = new Set();

  constructor(key) {
    this.key = key;
  }

  /**
   * Each is {blocks, stop_reason?} or {fault, …}; a request that finds none is answered with a plain text. `raw_inputs`
   * of a reply are texts that stand in place of the inputs of the blocks with these numbers, whatever they are.
   */
  say(...replies) {
    this.#replies.push(...replies);
  }

  /** What was to be said is forgotten. */
  forget() {
    this.#replies.length = 0;
  }

  async serve(request, response) {
    const { pathname } = new URL(request.url, "http://double");
    const text = await readAll(request);
    if (pathname === "/_say") return this.say(...JSON.parse(text)), response.end("{}");
    if (pathname === "/_requests") return response.end(JSON.stringify(this.requests));
    const record = { headers: { ...request.headers }, path: request.url };
    for (const name of ["x-api-key", "authorization"]) if (name in record.headers) record.headers[name] = "…";
    this.requests.push(record);
    try {
      if (request.method !== "POST" || pathname !== "/v1/messages") throw new ApiError(404, "not_found_error", "Not found");
      await this.#answer(request, text, record, response);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      record.error = error.message;
      refuse(response, error);
    }
  }

  async #answer(request, text, record, response) {
    const headers = checkHeaders(request.headers, this.key);
    if (text.length > mostBytes) throw new ApiError(413, "request_too_large", "Request exceeds the maximum size");
    const body = parse(text);
    const raw = rawItems(text, "messages").map(unmarked);
    record.body = body;
    const { tools } = checkRequest(body, headers, this.#paused.has(raw.at(-1)));
    this.#history.check(body.messages, raw);
    const reply = this.#replies.shift() ?? { blocks: [{ type: "text", text: "The test foresaw no further answer." }] };
    if (refusals[reply.fault]) return refuse(response, refusals[reply.fault], reply);
    if (reply.fault === "silent") return;
    if (reply.fault === "cut_before_head") return response.destroy();
    const message = this.#compose(reply, body, tools, raw, text);
    if (!body.stream) return sendJson(response, 200, message);
    await stream(response, message, reply);
  }

  #compose(reply, body, tools, raw, text) {
    const content = reply.blocks.map((block, i) => {
      if (block.type === "thinking") return { ...block, signature: History.sign(block.thinking, raw) };
      if (block.type !== "tool_use") return block;
      const { name } = block;
      const input = (reply.raw_inputs?.[i] === undefined && block.input) || {};
      const toolset = tools.names.has(name) ? {} : { toolset_name: "computer" };
      return { type: "tool_use", id: block.id ?? `toolu_${randomBytes(9).toString("hex")}`, name, ...toolset, input };
    });
    this.#history.remember(content, raw, body.messages);
    const hasCalls = content.some(({ type }) => type === "tool_use");
    const stop_reason = reply.stop_reason ?? (hasCalls ? "tool_use" : "end_turn");
    if (stop_reason === "pause_turn") this.#paused.add(JSON.stringify({ role: "assistant", content }));
    const cached = this.#history.cached(text, body);
    const usage = {
      input_tokens: cached.fresh,
      output_tokens: Math.ceil(JSON.stringify(content).length / 4),
      cache_creation_input_tokens: cached.written,
      cache_read_input_tokens: cached.read,
      service_tier: "standard",
    };
    const id = `msg_${randomBytes(9).toString("hex")}`;
    return { id, type: "message", role: "assistant", model: body.model, content, stop_reason, stop_sequence: null, usage };
  }
}

async function readAll(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError(400, "invalid_request_error", `The request body is not valid JSON: ${error.message}`);
  }
}

function sendJson(response, status, value, headers = {}) {
  const id = `req_${randomBytes(9).toString("hex")}`;
  response.writeHead(status, { "content-type": "application/json", "request-id": id, ...headers });
  response.end(JSON.stringify(value));
}

function refuse(response, { status, type, message }, { pause, headers = {} } = {}) {
  const wait = pause === undefined ? {} : { "retry-after-ms": String(pause), "retry-after": String(Math.ceil(pause / 1000)) };
  sendJson(response, status, { type: "error", error: { type, message }, request_id: "req_double" }, { ...wait, ...headers });
}

/** Writes the events of an answer in odd pieces; a fault of the reply strikes after half of the bytes. */
async function stream(response, message, reply) {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "request-id": "req_double" });
  const bytes = Buffer.from(events(message, reply).map(frame).join(""));
  const half = ["cut", "error_inside", "silent_inside"].includes(reply.fault) ? bytes.length >> 1 : bytes.length;
  // The end of a whole event, so that an error event can follow.
  const end = half === bytes.length ? half : bytes.lastIndexOf("\n\n", half) + 2;
  for (let at = 0, turn = 0; at < end && !response.destroyed; turn += 1) {
    const size = Math.min(pieces[turn % pieces.length], end - at);
    response.write(bytes.subarray(at, at + size));
    at += size;
    await new Promise((resolve) => (reply.pace ? setTimeout(resolve, reply.pace) : setImmediate(resolve)));
  }
  if (reply.fault === "cut") return response.destroy();
  if (reply.fault === "silent_inside") return;
  if (reply.fault === "error_inside")
    response.write(frame({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }));
  response.end();
}

const frame = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

function events(message, reply) {
  const { output_tokens, ...before } = message.usage;
  const start = { ...message, content: [], stop_reason: null, usage: { ...before, output_tokens: 1 } };
  const list = [{ type: "message_start", message: start }, { type: "ping" }];
  message.content.forEach((block, index) => list.push(...blockEvents(block, index, reply.raw_inputs?.[index]), { type: "an_event_of_the_future", index }));
  // Cut by the token limit: the last call's input stays half.
  if (reply.half_call) list.splice(list.findLastIndex(({ type }) => type === "content_block_delta"), Infinity);
  const { stop_reason, stop_sequence } = message;
  list.push({ type: "message_delta", delta: { stop_reason, stop_sequence }, usage: { output_tokens } }, { type: "message_stop" });
  return list;
}

function blockEvents(block, index, rawInput) {
  const event = (delta) => ({ type: "content_block_delta", index, delta });
  const start = (content_block) => ({ type: "content_block_start", index, content_block });
  const stop = { type: "content_block_stop", index };
  if (block.type === "text")
    return [start({ ...block, text: "" }), ...parts(block.text).map((text) => event({ type: "text_delta", text })), stop];
  if (block.type === "thinking") {
    const thoughts = parts(block.thinking).map((thinking) => event({ type: "thinking_delta", thinking }));
    const signature = event({ type: "signature_delta", signature: block.signature });
    return [start({ type: "thinking", thinking: "", signature: "" }), ...thoughts, signature, stop];
  }
  if (block.type !== "tool_use") return [start(block), stop];
  const hasInput = Object.keys(block.input).length > 0;
  const pieces = ["", ...parts(rawInput ?? (hasInput ? JSON.stringify(block.input) : ""))];
  return [start({ ...block, input: {} }), ...pieces.map((partial_json) => event({ type: "input_json_delta", partial_json })), stop];
}

/** Text in parts of one to nine characters. */
function parts(text) {
  const characters = [...text];
  const list = [];
  for (let size = 1; characters.length; size = (size % 9) + 1) list.push(characters.splice(0, size).join(""));
  return list;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const api = await startAnthropic();
  process.stdout.write(`${JSON.stringify({ url: api.url, key: api.key })}\n`);
  process.stdin.resume().on("end", () => process.exit()); // ends with whoever started it
}
