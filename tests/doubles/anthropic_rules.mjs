// The rules by which the Messages API refuses requests. Each broken rule throws an ApiError with the path of what is
// wrong, in the vendor's manner.
import { betaOfTool, findModel, members } from "./anthropic_models.mjs";
import { readPicture } from "./anthropic_picture.mjs";

export class ApiError extends Error {
  constructor(status, type, message) {
    super(message);
    Object.assign(this, { status, type });
  }
}

const refuse = (message) => {
  throw new ApiError(400, "invalid_request_error", message);
};
const demand = (condition, message) => condition || refuse(message);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value, least) => Number.isInteger(value) && value >= least;

function fields(value, path, allowed) {
  demand(isObject(value), `${path}: Input should be a valid dictionary`);
  for (const name of Object.keys(value)) demand(allowed.includes(name), `${path}.${name}: Extra inputs are not permitted`);
}

export function checkHeaders(headers, key) {
  demand(/^application\/json\b/.test(headers["content-type"] ?? ""), "content-type: must be application/json");
  const given = headers["x-api-key"] ?? headers.authorization?.replace(/^Bearer /, "");
  if (given !== key) throw new ApiError(401, "authentication_error", "invalid x-api-key");
  const version = headers["anthropic-version"];
  demand(version, "anthropic-version: header is required");
  demand(["2023-06-01", "2026-10-21"].includes(version), `anthropic-version: "${version}" is not a valid version`);
  const known = [...Object.values(betaOfTool), "context-management-2025-06-27", "interleaved-thinking-2025-05-14"];
  const betas = (headers["anthropic-beta"] ?? "").split(",").map((name) => name.trim()).filter(Boolean);
  for (const name of betas) demand(known.includes(name), `Unexpected value(s) \`${name}\` for the \`anthropic-beta\` header`);
  return { version, betas };
}

/** Checks one request; answers what the double needs to go on. `paused`: the raw answer that may be sent back unanswered. */
export function checkRequest(body, { version, betas }, paused) {
  const top = "model max_tokens messages system tools tool_choice stream thinking output_config cache_control context_management metadata service_tier stop_sequences";
  const sampling = ["temperature", "top_p", "top_k"];
  fields(body, "body", [...top.split(" "), ...(version === "2023-06-01" ? sampling : [])]);
  demand(typeof body.model === "string" && body.model, "model: Field required");
  const model = findModel(body.model);
  if (!model) throw new ApiError(404, "not_found_error", `model: ${body.model}`);
  demand(isCount(body.max_tokens, 1), "max_tokens: Field required");
  demand(body.max_tokens <= model.most, `max_tokens: ${body.max_tokens} > ${model.most}, which is the maximum allowed`);
  demand([undefined, true, false].includes(body.stream), "stream: Input should be a valid boolean");
  checkSystem(body.system);
  const tools = checkTools(body.tools ?? [], model, betas);
  checkThinking(body, model);
  checkMessages(body, model, tools, paused);
  checkCacheControls(body);
  return { model, tools };
}

function checkSystem(system) {
  if (system === undefined || typeof system === "string") return;
  demand(Array.isArray(system), "system: Input should be a string or a list of text blocks");
  system.forEach((block, i) => {
    fields(block, `system.${i}`, ["type", "text", "cache_control", "citations"]);
    checkText(block, `system.${i}`);
  });
}

function checkThinking({ thinking, max_tokens, tool_choice, messages }, model) {
  const choice = tool_choice?.type;
  demand([undefined, "auto", "any", "tool", "none"].includes(choice), "tool_choice.type: Input should be auto, any, tool or none");
  if (model.strict) demand(!["any", "tool"].includes(choice), `tool_choice: \`${choice}\` is not supported by this model`);
  if (thinking === undefined) return;
  const allowed = { adaptive: ["type", "display"], enabled: ["type", "budget_tokens", "display"], disabled: ["type"] };
  demand(allowed[thinking?.type], "thinking.type: Input should be adaptive, enabled or disabled");
  fields(thinking, "thinking", allowed[thinking.type]);
  demand(model.thinking.includes(thinking.type), `thinking: \`${thinking.type}\` is not supported by this model`);
  if (thinking.type !== "enabled") return;
  demand(isCount(thinking.budget_tokens, 1024), "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
  demand(thinking.budget_tokens < max_tokens, "`max_tokens` must be greater than `thinking.budget_tokens`");
  demand(Array.isArray(messages), "messages: Field required");
}

function checkTools(tools, model, betas) {
  demand(Array.isArray(tools), "tools: Input should be a valid list");
  const names = new Set();
  tools.forEach((tool, i) => {
    const name = checkTool(tool, `tools.${i}`, model, betas);
    demand(!names.has(name), "tools: Tool names must be unique.");
    names.add(name);
  });
  return { names, hasToolset: names.has("computer_toolset_20260801") };
}

function checkTool(tool, path, model, betas) {
  demand(isObject(tool), `${path}: Input should be a valid dictionary`);
  const named = { bash_20250124: "bash", text_editor_20250728: "str_replace_based_edit_tool" };
  if (tool.type === "computer_toolset_20260801") {
    demand(model.toolset, `${path}: computer_toolset_20260801 is not supported by this model`);
    fields(tool, path, ["type", "configs", "cache_control", "allowed_callers"]);
    for (const [name, config] of Object.entries(tool.configs ?? {})) {
      demand(members.has(name), `${path}.configs.${name}: Extra inputs are not permitted`);
      fields(config, `${path}.configs.${name}`, ["enabled", "defer_loading"]);
    }
    return tool.type;
  }
  if (betaOfTool[tool.type]) {
    demand(model.dated === tool.type, `${path}: '${tool.type}' is not supported by this model`);
    demand(betas.includes(betaOfTool[tool.type]), `${path}: '${tool.type}' needs the beta ${betaOfTool[tool.type]}`);
    return tool.name;
  }
  if (named[tool.type]) {
    fields(tool, path, ["type", "name", "cache_control", "max_characters", "allowed_callers", "defer_loading"]);
    demand(tool.name === named[tool.type], `${path}.name: Input should be '${named[tool.type]}'`);
    return tool.name;
  }
  demand(tool.type === undefined || tool.type === "custom", `${path}.type: '${tool.type}' is not a known tool`);
  demand(/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name ?? ""), `${path}.name: String should match the pattern`);
  demand(isObject(tool.input_schema), `${path}.input_schema: Field required`);
  return tool.name;
}

function checkText(block, path) {
  demand(block.type === "text" && typeof block.text === "string", `${path}.text: Field required`);
  demand(block.text.length > 0, `${path}: text content blocks must be non-empty`);
  demand(/\S/.test(block.text), `${path}: text content blocks must contain non-whitespace text`);
}

function checkMessages(body, model, tools, paused) {
  const { messages } = body;
  demand(Array.isArray(messages) && messages.length > 0, "messages: at least one message is required");
  demand(messages[0]?.role === "user", "messages: first message must use the user role");
  const state = { calls: new Map(), seen: new Set(), pictures: [], sizes: new Set(), tools, model };
  let turn;
  messages.forEach((message, i) => {
    fields(message, `messages.${i}`, ["role", "content"]);
    demand(["user", "assistant"].includes(message.role), `messages.${i}.role: Input should be 'user' or 'assistant'`);
    // Messages of one role that follow each other are one turn.
    if (message.role !== turn?.role) {
      closeTurn(turn, state, i);
      turn = { role: message.role, hasText: false, calls: new Map(), due: state.calls };
    }
    checkContent(message, `messages.${i}`, turn, state);
  });
  closeTurn(turn, state, messages.length);
  if (turn.role === "assistant") {
    demand(turn.calls.size === 0, "messages: the last message must not hold unanswered tool_use blocks");
    demand(!model.strict || paused, "messages: this model does not support assistant message prefill");
  }
  checkPictures(state);
}

/** At the end of a turn every call of the turn before must have its result. */
function closeTurn(turn, state, next) {
  if (!turn) return;
  if (turn.role === "user") {
    const missing = [...turn.due.keys()];
    demand(missing.length === 0,
      `messages.${next - 1}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(", ")}`);
    state.calls = new Map();
  } else {
    state.calls = turn.calls;
  }
}

function checkContent({ role, content }, path, turn, state) {
  if (typeof content === "string") {
    demand(/\S/.test(content), `${path}: text content must be non-empty`);
    turn.hasText = true;
    return;
  }
  demand(Array.isArray(content) && content.length > 0, `${path}.content: must be a non-empty list or string`);
  if (role === "assistant")
    demand(!content.at(-1)?.type?.endsWith("thinking"), `${path}: The final block in an assistant message cannot be \`thinking\`.`);
  const kinds = role === "user" ? userBlocks : assistantBlocks;
  content.forEach((block, i) => {
    const check = kinds[block?.type];
    demand(check, `${path}.content.${i}.type: '${block?.type}' is not allowed in a message of the ${role}`);
    check(block, `${path}.content.${i}`, turn, state);
  });
}

const text = (block, path, turn) => {
  fields(block, path, ["type", "text", "cache_control", "citations"]);
  checkText(block, path);
  turn.hasText = true;
};

const assistantBlocks = {
  text,
  thinking: (block, path) => {
    fields(block, path, ["type", "thinking", "signature"]);
    demand(typeof block.thinking === "string" && block.signature, `${path}.signature: Field required`);
  },
  redacted_thinking: (block, path) => demand(block.data, `${path}.data: Field required`),
  tool_use: (block, path, turn, state) => {
    fields(block, path, ["type", "id", "name", "input", "cache_control", "toolset_name", "caller"]);
    demand(/^[a-zA-Z0-9_-]+$/.test(block.id ?? ""), `${path}.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
    demand(!state.seen.has(block.id), `${path}.id: \`tool_use\` ids must be unique`);
    demand(isObject(block.input), `${path}.input: Input should be a valid dictionary`);
    demand(typeof block.name === "string" && block.name, `${path}.name: Field required`);
    if (block.toolset_name !== undefined)
      demand(block.toolset_name === "computer" && state.tools.hasToolset && members.has(block.name),
        `${path}: no toolset of this request has this member`);
    state.seen.add(block.id);
    turn.calls.set(block.id, block);
  },
};

const userBlocks = {
  text,
  image: (block, path, turn, state) => {
    turn.hasText = true;
    checkPicture(block, path, state, undefined);
  },
  tool_result: (block, path, turn, state) => {
    fields(block, path, ["type", "tool_use_id", "content", "is_error", "cache_control", "toolset_name"]);
    const call = turn.due.get(block.tool_use_id);
    demand(call, `${path}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${block.tool_use_id}`);
    demand(!turn.hasText, `${path}: \`tool_result\` blocks must come before other content`);
    turn.due.delete(block.tool_use_id);
    demand(block.toolset_name === call.toolset_name, `${path}.toolset_name: must repeat that of its tool_use`);
    demand([undefined, true, false].includes(block.is_error), `${path}.is_error: Input should be a valid boolean`);
    checkResult(block, path, call, state);
  },
};

function checkResult({ content, is_error: isError }, path, call, state) {
  if (typeof content === "string" || content === undefined) {
    demand(!call.toolset_name || /\S/.test(content ?? ""), `${path}.content: must not be empty`);
    return;
  }
  demand(Array.isArray(content) && content.length > 0, `${path}.content: must not be empty`);
  content.forEach((block, i) => {
    const place = `${path}.content.${i}`;
    demand(["text", "image"].includes(block?.type), `${place}.type: only text and image are allowed here`);
    demand(!isError || block.type === "text", `${path}: all content must be type "text" if \`is_error\` is true`);
    if (block.type === "text") checkText(block, place);
    else checkPicture(block, place, state, call);
  });
}

function checkPicture(block, path, state, call) {
  fields(block, path, ["type", "source", "cache_control"]);
  const { source } = block;
  fields(source, `${path}.source`, ["type", "media_type", "data"]);
  demand(source.type === "base64", `${path}.source.type: Input should be 'base64'`);
  const canonical = typeof source.data === "string" && source.data && Buffer.from(source.data, "base64").toString("base64") === source.data;
  demand(canonical, `${path}.source.base64.data: invalid base64`);
  demand(source.data.length <= 5 * 1024 * 1024, `${path}.source.base64: image exceeds 5 MB maximum`);
  const picture = readPicture(Buffer.from(source.data, "base64"));
  demand(picture, `${path}.source.base64: Could not process image`);
  demand(picture.type === source.media_type, `${path}.source.base64: the image is ${picture.type}, not ${source.media_type}`);
  const { edge, tiles } = state.model;
  const area = Math.ceil(picture.width / 28) * Math.ceil(picture.height / 28);
  if (call?.toolset_name)
    demand(Math.max(picture.width, picture.height) <= edge && area <= tiles, `${path}: the image is larger than this model's limits`);
  // Coordinates only mean something when every screenshot has the same size.
  if (call?.name === "screenshot") state.sizes.add(`${picture.width}x${picture.height}`);
  demand(state.sizes.size <= 1, `${path}: all screenshots must have one size, not ${[...state.sizes].join(" and ")}`);
  state.pictures.push({ ...picture, path });
}

function checkPictures({ pictures, model }) {
  demand(pictures.length <= model.pictures, `messages: too many images: ${pictures.length} > ${model.pictures}`);
  if (pictures.length <= 20) return;
  for (const { width, height, path } of pictures)
    demand(Math.max(width, height) <= 2000, `${path}: at least one side is over 2000 pixels in a request with many images`);
}

function checkCacheControls(body) {
  let count = 0;
  const visit = (value) => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (!isObject(value)) return;
    for (const [name, inner] of Object.entries(value)) {
      if (name !== "cache_control" || inner === null) {
        if (name !== "input" && name !== "input_schema") visit(inner);
        continue;
      }
      fields(inner, "cache_control", ["type", "ttl"]);
      demand(inner.type === "ephemeral", "cache_control.type: Input should be 'ephemeral'");
      demand([undefined, "5m", "1h"].includes(inner.ttl), "cache_control.ttl: Input should be '5m' or '1h'");
      count += 1;
    }
  };
  visit(body);
  demand(count <= 4, `A maximum of 4 blocks with cache_control may be provided. Found ${count}.`);
}
