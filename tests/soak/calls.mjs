// Calls of clients, and which of their failures are to be expected: each needs its reason, such as a kill shortly before.
import http from "node:http";

/** Longer, and a call hangs. The longest that a call may rightly take is a start of a desk, on a machine that is busy. */
export const hangs = 90_000;
/** After a kill its consequences are met for so long. */
const aftermath = 30_000;
/** A server that has broken off is known to be dead so much later at most. */
const notice = 5_000;

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** {status, headers, body (bytes)}, or {broke: "ECONNRESET"} when there is no whole answer. */
function send({ url, method, target, headers, body, leaveAfter }) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const broke = (error) => resolve({ broke: error?.code ?? String(error) });
    const request = http.request({ hostname, port, method, path: target, agent: false, headers }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("error", broke);
      answer.on("close", () => !answer.complete && broke({ code: "cut off" }));
      answer.on("end", () => answer.complete && resolve({ status: answer.statusCode, headers: answer.headers, bytes: Buffer.concat(pieces) }));
    });
    request.setTimeout(hangs, () => request.destroy(Object.assign(new Error("hangs"), { code: "hangs" })));
    request.on("error", broke);
    if (leaveAfter !== undefined) setTimeout(() => request.destroy(Object.assign(new Error("left"), { code: "left" })), leaveAfter);
    request.end(body);
  });
}

/** Of refusals that a feature of the server gives: whether they are right, by their code. */
const refusals = {
  busy: () => true,
  paused: (world, { session, start }) => session?.mayRest(start),
  draining: (world, { start }) => world.ledger.wasServerTouched(start - aftermath),
  no_free_desk: (world, { start }) => world.wasCrowded(start),
  key_revoked: (world, { principal, shown }) => principal.hasLost?.(shown),
  ended_key: (world, { principal, shown }) => principal.hasLost?.(shown),
};

/** Whether a failure has its reason: what was killed of the desk or of the server. */
function isExcused(world, answer, about) {
  const { status, broke, code } = answer;
  const { session, start, excuse } = about;
  const wasTouched = () => session && world.wasTouched(session, start - aftermath);
  const wasDown = () => world.service.wasDown(start - aftermath) || world.ledger.wasServerTouched(start - aftermath);
  if (broke === "hangs" || status === 500) return false;
  if (refusals[code]) return refusals[code](world, about);
  // Somebody else deletes it, or it is a desk whose beginning nobody has seen the end of.
  if (session && (session.state !== "live" || session.isDoubtful)) return true;
  if (excuse?.(answer)) return true;
  if (status === 404) return session?.mayBeCleaned ?? false;
  if (broke) return broke === "left" || world.service.wasDown(start - 1000) || wasTouched();
  if (status === 409 && ["desk_failed", "desk_lost"].includes(code)) return session && world.mayHaveFailed(session);
  if ([409, 502, 503, 504].includes(status)) return wasDown() || wasTouched();
  if (status === 200) return wasTouched() || wasDown(); // of a desk that says success: false
  return false;
}

/**
 * A call of the act `kind`. Answers {status, body, bytes, ok}; one that failed for a reason has `ok: false`, one that
 * failed for none is a violation, too. `allowed` are statuses that are fine beside those below 300, `excuse` says whether
 * the act itself knows a reason for an answer. With `leaveAfter` the client goes away after so many milliseconds.
 */
export async function call(world, principal, kind, method, target, { session, json, body, allowed = [], leaveAfter, excuse } = {}) {
  const server = await world.service.up();
  const bytes = json === undefined ? body : Buffer.from(JSON.stringify(json));
  const type = json === undefined ? "application/octet-stream" : "application/json";
  const headers = { ...principal.headers };
  const shown = principal.current?.id;
  if (bytes !== undefined) Object.assign(headers, { "content-type": type, "content-length": bytes.length });
  const start = Date.now();
  const answer = await send({ url: server.url, method, target, headers, body: bytes, leaveAfter });
  world.report.count("calls", kind);
  if (answer.bytes && /json/.test(answer.headers["content-type"] ?? "")) answer.body = JSON.parse(answer.bytes.toString());
  answer.code = answer.body?.code;
  answer.ok = answer.status < 300 && answer.body?.success !== false;
  if (answer.ok || allowed.includes(answer.status)) return answer;
  const about = { session, start, principal, shown, excuse };
  const what = answer.broke ?? (answer.status === 200 ? `success: false` : `${answer.status} ${answer.code ?? ""}`.trim());
  if (answer.broke && answer.broke !== "hangs" && !isExcused(world, answer, about)) await pause(notice);
  if (isExcused(world, answer, about)) {
    world.report.count("failures for a reason", `${kind}: ${what}`);
    return answer;
  }
  const said = answer.body ? JSON.stringify(answer.body).slice(0, 400) : "";
  world.report.count("failures for none", `${kind}: ${what}`);
  const where = session ? `; of ${session.desk} was killed: ${world.ledger.historyOf(session)}` : "";
  world.report.violation("answers", `${method} ${target} after ${Date.now() - start} ms: ${what} ${said}${where}`);
  return answer;
}
