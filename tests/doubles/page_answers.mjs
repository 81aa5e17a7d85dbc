// What the calls of the page's double have in common: bodies that are judged, answers, refusals, and finding a session.
import { randomBytes } from "node:crypto";

/** An answer that is not 2xx; `detail` is a sentence or, with 422, the list of fields. */
export class Refusal extends Error {
  constructor(status, detail) {
    super(typeof detail === "string" ? detail : "invalid");
    this.status = status;
    this.detail = detail;
  }
}

export const invalid = (field, msg) => new Refusal(422, [{ loc: ["body", field], msg, type: "value_error" }]);
export const makeId = (prefix) => `${prefix}_${randomBytes(6).toString("hex")}`;
export const now = () => new Date().toISOString();

export function json(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

export async function body(request, allowed) {
  if (request.headers["content-type"] !== "application/json")
    throw new Refusal(415, "The body must be application/json.");
  let text = "";
  for await (const part of request) text += part;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(422, "The body is not JSON.");
  }
  for (const field of Object.keys(value)) if (!allowed.includes(field)) throw invalid(field, "unknown field");
  return value;
}

export function find(state, id) {
  const session = state.sessions.get(id);
  if (!session || session.status !== "active") throw new Refusal(404, `There is no session ${id}.`);
  return session;
}
