// A tool call in a few words. Pure: a table by the names of the tools and their actions.
import { isRecord } from "../parts/format";

export interface ToolSummary {
  icon: "pointer" | "keyboard" | "camera" | "terminal" | "file" | "globe" | "clock" | "tool";
  label: string;
  detail: string;
}

type Input = Record<string, unknown>;
type Row = [icon: ToolSummary["icon"], label: string, detail: (input: Input) => string];

const nothing = () => "";
const text = (field: string) => (input: Input) => plain(input[field]);
const seconds = (input: Input) => (input["duration"] === undefined ? "" : `${plain(input["duration"])} s`);
const at = (field: string) => (input: Input) => point(input[field]);

/** The pointer's place, with the modifiers that are held. */
function click(input: Input): string {
  return [plain(input["text"] ?? input["key"]), point(input["coordinate"])].filter(Boolean).join(" + ");
}

function drag(input: Input): string {
  return [point(input["start_coordinate"]), point(input["coordinate"])].filter(Boolean).join(" → ");
}

function scroll(input: Input): string {
  const way = plain(input["scroll_direction"] ?? input["direction"]);
  const amount = plain(input["scroll_amount"] ?? input["amount"]);
  return [way, amount && `× ${amount}`, point(input["coordinate"])].filter(Boolean).join(" ");
}

function keys(input: Input): string {
  const repeat = Number(input["repeat"] ?? 1);
  return plain(input["text"]) + (repeat > 1 ? ` × ${repeat}` : "");
}

function hold(input: Input): string {
  return [plain(input["text"]), seconds(input)].filter(Boolean).join(", ");
}

function region(input: Input): string {
  const box = input["region"];
  return Array.isArray(box) ? box.map(plain).join(", ") : "";
}

const rows: Record<string, Row> = {
  screenshot: ["camera", "Screenshot", nothing],
  zoom: ["camera", "Zoom", region],
  cursor_position: ["pointer", "Pointer position", nothing],
  mouse_move: ["pointer", "Move", at("coordinate")],
  left_click: ["pointer", "Click", click],
  right_click: ["pointer", "Right-click", click],
  middle_click: ["pointer", "Middle-click", click],
  double_click: ["pointer", "Double-click", click],
  triple_click: ["pointer", "Triple-click", click],
  left_click_drag: ["pointer", "Drag", drag],
  left_mouse_down: ["pointer", "Button down", nothing],
  left_mouse_up: ["pointer", "Button up", nothing],
  scroll: ["pointer", "Scroll", scroll],
  key: ["keyboard", "Press", keys],
  type: ["keyboard", "Type", text("text")],
  hold_key: ["keyboard", "Hold", hold],
  wait: ["clock", "Wait", seconds],
  // It may be a password.
  bash_answer: ["terminal", "Answer on the terminal", nothing],
  open_browser: ["globe", "Open", text("url")],
  open_url: ["globe", "Open", text("url")],
  view: ["file", "View", text("path")],
  create: ["file", "Create", text("path")],
  str_replace: ["file", "Edit", text("path")],
  insert: ["file", "Insert into", text("path")],
};

/** The row for a call: by action (`computer`), by command (the text editor), else by the tool's own name. */
export function summarise(tool: string, rawInput: unknown): ToolSummary {
  const input = isRecord(rawInput) ? rawInput : {};
  if (tool === "bash") {
    if (input["restart"] === true) return { icon: "terminal", label: "Restart the shell", detail: "" };
    return { icon: "terminal", label: "Run", detail: oneLine(plain(input["command"])) };
  }
  const editor = tool.startsWith("str_replace_based_edit") || tool === "str_replace_editor";
  const name = tool === "computer" ? plain(input["action"]) : editor ? plain(input["command"]) : tool;
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (row) return { icon: row[0], label: row[1], detail: oneLine(row[2](input)) };
  return { icon: "tool", label: spaced(name || tool || "tool"), detail: oneLine(compact(input)) };
}

/** The whole input for reading: a line per field, texts of several lines as they are. */
export function inputText(input: unknown): string {
  if (!isRecord(input)) return typeof input === "string" ? input : (JSON.stringify(input) ?? "");
  const lines = Object.entries(input).map(([name, value]) => {
    if (typeof value !== "string") return `${name}: ${JSON.stringify(value)}`;
    return value.includes("\n") ? `${name}:\n${value}` : `${name}: ${value}`;
  });
  return lines.join("\n") || "nothing";
}

function spaced(name: string): string {
  const words = name.replace(/_/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function compact(input: Input): string {
  return Object.keys(input).length === 0 ? "" : JSON.stringify(input);
}

function point(value: unknown): string {
  if (Array.isArray(value) && value.length >= 2) return `${plain(value[0])}, ${plain(value[1])}`;
  if (isRecord(value)) return `${plain(value["x"])}, ${plain(value["y"])}`;
  return "";
}

function plain(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** The first line, with a sign that there are more; long ones are cut. */
function oneLine(value: string): string {
  const [first = "", ...rest] = value.trim().split("\n");
  const line = first.length > 160 ? `${first.slice(0, 160)}…` : first;
  return rest.length > 0 && !line.endsWith("…") ? `${line} …` : line;
}
