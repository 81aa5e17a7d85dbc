// Holds an answer against the JSON Schema of its operation's row.

/** How the answer differs from the schema; empty when it does not. */
export function differences(answer, { properties, required }) {
  const found = [];
  for (const name of required) if (!(name in answer)) found.push(`${name} is missing`);
  for (const [name, value] of Object.entries(answer)) {
    const schema = properties[name];
    if (!schema) found.push(`${name} is not described`);
    else if (schema.type && !isOf(schema.type, value)) found.push(`${name} is no ${schema.type}: ${JSON.stringify(value)}`);
  }
  return found;
}

function isOf(type, value) {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}
