// A model's words as a tree of blocks and spans. markdown-it reads them; of what it finds only the kinds below are
// kept, and the page makes its own elements and text nodes from them (words.tsx), so nothing in the text can become
// markup. HTML is text here, and pictures are links: what a model names is not fetched unasked. Pure.
import MarkdownIt, { type Token } from "markdown-it";

/** Spans and blocks that hold others. */
export type Frame =
  | "strong"
  | "emphasis"
  | "struck"
  | "paragraph"
  | "quote"
  | "bullets"
  | "item"
  | "table"
  | "head"
  | "body"
  | "row";

export type Align = "left" | "center" | "right" | undefined;

export type Node =
  | { kind: "text" | "code"; content: string }
  | { kind: "break" | "rule" }
  | { kind: "fence"; language: string; content: string }
  | { kind: Frame; children: Node[] }
  | { kind: "link"; address: string; children: Node[] }
  | { kind: "heading"; level: number; children: Node[] }
  | { kind: "numbers"; start: number; children: Node[] }
  | { kind: "cell"; isHead: boolean; align: Align; children: Node[] };

type Parent = Extract<Node, { children: Node[] }>;

/** Longer texts (in UTF-16 units) stay as they were written. */
const longest = 500_000;

const parser = new MarkdownIt({ html: false, linkify: true, maxNesting: 40 });
parser.validateLink = (address) => linkAddress(address) !== undefined;
// Only what is written as an address, not every name of a file with a dot in it.
parser.linkify?.set({ fuzzyLink: false, fuzzyEmail: false });

/** Finds only where blocks are: what is in them takes most of the time. */
const blocks = new MarkdownIt({ html: false, maxNesting: 40 });
blocks.core.ruler.enableOnly(["normalize", "block"]);

const schemes: readonly string[] = ["http:", "https:", "mailto:"];

/** Where a link may lead; undefined for all else, such as scripts, and paths of the page's own server. */
export function linkAddress(written: string): string | undefined {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  return url && schemes.includes(url.protocol) ? url.href : undefined;
}

/** The blocks of a whole text. */
export function parse(text: string): Node[] {
  return text.length > longest ? asWritten(text) : treeOf(parser.parse(text, {}));
}

/** A text that still grows. What stands before its last block does not change any more and is not read again. */
export interface Growing {
  readonly text: string;
  /** The blocks before `cut`, a place in the text, and those behind. */
  readonly closed: readonly Node[];
  readonly cut: number;
  readonly open: readonly Node[];
}

export const unwritten: Growing = { text: "", closed: [], cut: 0, open: [] };

/** A last block that is longer is shown as it is written until it ends: reading it at every word would take too long. */
const longestOpen = 16_000;

/**
 * The beginning of a line in characters that may yet belong to another block, such as the "2" of a list's next item:
 * more than a mark with its indentation has.
 */
const undecided = 16;

/** The text with more at its end. Names of links that are explained later are found by `parse`, at the end. */
export function grow(before: Growing, text: string): Growing {
  const goesOn = text.startsWith(before.text);
  const { closed, cut } = goesOn ? before : unwritten;
  const rest = text.slice(cut);
  const { length, isCode } = lastBlock(rest);
  const last = rest.slice(length);
  return {
    text,
    closed: length > 0 ? [...closed, ...parse(rest.slice(0, length))] : closed,
    cut: cut + length,
    open: last.length > longestOpen && !isCode ? asWritten(last) : parse(last),
  };
}

/** What stands before the last block, in characters, and whether that is code. */
function lastBlock(text: string): { length: number; isCode: boolean } {
  const starts = blocks
    .parse(text, {})
    .filter(({ level, nesting, map }) => level === 0 && nesting >= 0 && map);
  const ends = lineEnds(text);
  const isDecided = text.length - (ends.at(-1) ?? 0) > undecided;
  const lines = ends.length + (isDecided ? 1 : 0);
  const last = starts.findLast(({ map }) => (map?.[0] ?? 0) < lines);
  return { length: ends[(last?.map?.[0] ?? 0) - 1] ?? 0, isCode: last?.tag === "code" };
}

function asWritten(content: string): Node[] {
  return [{ kind: "paragraph", children: [{ kind: "text", content }] }];
}

/** The places behind the lines that have ended, which they do as for the parser. */
function lineEnds(text: string): number[] {
  return [...text.matchAll(/\r\n?|\n/g)].map((end) => end.index + end[0].length);
}

const frames: Record<string, Frame> = {
  strong_open: "strong",
  em_open: "emphasis",
  s_open: "struck",
  paragraph_open: "paragraph",
  blockquote_open: "quote",
  bullet_list_open: "bullets",
  list_item_open: "item",
  table_open: "table",
  thead_open: "head",
  tbody_open: "body",
  tr_open: "row",
};

function treeOf(tokens: readonly Token[]): Node[] {
  const root: Node[] = [];
  const parents: (Parent | undefined)[] = [];
  const children = () => parents.findLast((parent) => parent !== undefined)?.children ?? root;
  for (const token of tokens) {
    if (token.nesting < 0) {
      parents.pop();
    } else if (token.nesting > 0) {
      // A paragraph of a tight list has no element of its own, and neither has what is not known here.
      const parent = token.hidden ? undefined : parentOf(token);
      if (parent) children().push(parent);
      parents.push(parent);
    } else {
      add(children(), token);
    }
  }
  return root;
}

function parentOf(token: Token): Parent | undefined {
  const frame = Object.hasOwn(frames, token.type) ? frames[token.type] : undefined;
  if (frame) return { kind: frame, children: [] };
  switch (token.type) {
    case "heading_open":
      return { kind: "heading", level: Number(token.tag.slice(1)), children: [] };
    case "ordered_list_open":
      return { kind: "numbers", start: Number(token.attrGet("start") ?? 1), children: [] };
    case "th_open":
    case "td_open":
      return { kind: "cell", isHead: token.type === "th_open", align: alignOf(token), children: [] };
    case "link_open":
      return linkTo(String(token.attrGet("href") ?? ""), []);
    default:
      return undefined;
  }
}

function linkTo(written: string, children: Node[]): Parent | undefined {
  const address = linkAddress(written);
  return address === undefined ? undefined : { kind: "link", address, children };
}

function alignOf(token: Token): Align {
  return /text-align:(left|center|right)/.exec(String(token.attrGet("style") ?? ""))?.[1] as Align;
}

/** Adds what stands for itself. */
function add(to: Node[], token: Token): void {
  switch (token.type) {
    case "inline":
      to.push(...treeOf(token.children ?? []));
      break;
    case "softbreak":
      // Models end lines where they mean it: the style sheet keeps them.
      addText(to, "\n");
      break;
    case "hardbreak":
      to.push({ kind: "break" });
      break;
    case "code_inline":
      to.push({ kind: "code", content: token.content });
      break;
    case "fence":
    case "code_block":
      to.push({
        kind: "fence",
        language: token.info.trim().split(/\s+/)[0] ?? "",
        content: token.content.replace(/\n$/, ""),
      });
      break;
    case "hr":
      to.push({ kind: "rule" });
      break;
    case "image":
      addPicture(to, token);
      break;
    default:
      addText(to, token.content);
  }
}

function addText(to: Node[], content: string): void {
  const last = to.at(-1);
  if (last?.kind === "text") last.content += content;
  else if (content !== "") to.push({ kind: "text", content });
}

function addPicture(to: Node[], token: Token): void {
  const written = String(token.attrGet("src") ?? "");
  const link = linkTo(written, treeOf(token.children ?? []));
  if (!link) return addText(to, token.content || written);
  if (link.children.length === 0) addText(link.children, link.kind === "link" ? link.address : "");
  to.push(link);
}
