// What the double of the Messages API knows of models and tools, from the vendor's documentation of November 2026.
// Written apart from the server's own table, so that one mistake is not made twice.

const current = { toolset: true, dated: false, thinking: ["adaptive"], edge: 2576, tiles: 4784, pictures: 600, most: 128_000 };
const between = { ...current, dated: "computer_20251124" };
const adaptive = { ...between, toolset: false, thinking: ["adaptive", "disabled"] };
const standard = { edge: 1568, tiles: 1568, pictures: 100, most: 64_000, toolset: false };

/** By the beginning of the id; the longest wins. `strict` models take adaptive thinking or none, no forced tool, no prefill. */
const models = {
  "claude-opus-5-5": { ...current, strict: true },
  "claude-sonnet-5-5": { ...current, strict: true },
  "claude-haiku-5-5": { ...current, strict: true, pictures: 100 },
  "claude-fable-5-2": { ...current, strict: true },
  "claude-mythos-5-2": { ...current, strict: true },
  "claude-opus-5": between,
  "claude-sonnet-5": between,
  "claude-fable-5": between,
  "claude-opus-4-8": { ...between, thinking: ["adaptive", "disabled"] },
  "claude-opus-4-7": adaptive,
  "claude-opus-4-6": { ...standard, dated: "computer_20251124", thinking: ["adaptive", "enabled", "disabled"] },
  "claude-sonnet-4-6": { ...standard, dated: "computer_20251124", thinking: ["adaptive", "enabled", "disabled"] },
  "claude-opus-4-5": { ...standard, dated: "computer_20251124", thinking: ["enabled", "disabled"] },
  "claude-sonnet-4-5": { ...standard, dated: "computer_20250124", thinking: ["enabled", "disabled"] },
  "claude-haiku-4-5": { ...standard, dated: "computer_20250124", thinking: ["enabled", "disabled"] },
};

export function findModel(id) {
  const names = Object.keys(models).filter((name) => id === name || id.startsWith(`${name}-`));
  return models[names.sort((a, b) => b.length - a.length)[0]];
}

export const betaOfTool = {
  computer_20251124: "computer-use-2025-11-24",
  computer_20250124: "computer-use-2025-01-24",
};

export const members = new Set([
  ...["screenshot", "cursor_position", "mouse_move", "left_click", "right_click", "middle_click", "double_click"],
  ...["triple_click", "left_click_drag", "left_mouse_down", "left_mouse_up", "scroll", "key", "type", "hold_key"],
  ...["wait", "zoom"],
]);
