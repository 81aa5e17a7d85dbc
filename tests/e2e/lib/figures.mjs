// Reads Prometheus' text format, strictly: what Prometheus would refuse fails the test.
import assert from "node:assert/strict";

const name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const sample = new RegExp(`^(${name})(?:\\{(.*)\\})? (-?[0-9.eE+-]+|[+-]Inf|NaN)$`);
const label = new RegExp(`^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\]|\\\\[\\\\n"])*)"(?:,|$)`);

function labelsOf(text) {
  const labels = {};
  for (let rest = text ?? ""; rest; ) {
    const found = rest.match(label);
    assert.ok(found, `no label: ${rest}`);
    labels[found[1]] = found[2].replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
    rest = rest.slice(found[0].length);
  }
  return labels;
}

/** [{name, labels, value}] of the answer to GET /metrics. */
export function parseFigures(text) {
  assert.ok(text.endsWith("\n"));
  const seen = new Set();
  const samples = [];
  for (const line of text.split("\n").slice(0, -1)) {
    if (/^# (HELP|TYPE) /.test(line) || line === "") continue;
    const found = line.match(sample);
    assert.ok(found, `no sample: ${line}`);
    const key = line.slice(0, line.lastIndexOf(" "));
    assert.ok(!seen.has(key), `twice: ${key}`);
    seen.add(key);
    samples.push({ name: found[1], labels: labelsOf(found[2]), value: Number(found[3].replace("Inf", "Infinity")) });
  }
  return samples;
}

/** What GET /metrics tells; `value(name, labels)` is the sum of the samples that have these labels, 0 of none. */
export async function figures(server, headers = {}) {
  const answer = await server.request("GET", "/metrics", { headers });
  assert.equal(answer.status, 200, answer.body.toString());
  const text = answer.body.toString();
  const samples = parseFigures(text);
  const find = (wanted, labels = {}) =>
    samples.filter((each) => each.name === wanted && Object.entries(labels).every(([key, value]) => each.labels[key] === value));
  return { text, samples, find, value: (...wanted) => find(...wanted).reduce((sum, { value }) => sum + value, 0), headers: answer.headers };
}

/** The names of metrics in an expression of Prometheus: words that are no function, keyword or label. */
export function metricsOf(expression) {
  const bare = expression
    .replace(/"(?:[^"\\]|\\.)*"/g, "")
    .replace(/\{[^}]*\}/g, " ")
    .replace(/\[[^\]]*\]/g, " ")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
  return [...bare.matchAll(new RegExp(`(?<![0-9.])\\b(${name})\\b(?!\\s*\\()`, "g"))].map(([, word]) => word).filter((word) => !["and", "or", "unless", "bool", "offset", "sum", "avg", "max", "min", "count", "topk"].includes(word));
}
