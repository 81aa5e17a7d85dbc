// The text of a page as a reader sees it: the article where there is one, without what is around it.
class Text_ {
  constructor(limit) {
    this.limit = limit;
    this.lines = [];
    this.line = "";
    this.size = 0;
    this.end = performance.now() + mostMilliseconds;
    this.nodes = 0;
    this.isCut = false;
    this.isHidden = false;
  }

  isFull() {
    this.nodes += 1;
    this.isCut ||= this.size > this.limit || (this.nodes % 256 === 0 && performance.now() > this.end);
    return this.isCut;
  }

  break(isParagraph) {
    const line = this.line.replace(/[ \t]+$/, "");
    this.line = "";
    if (line.trim() === "" && !isParagraph) return;
    if (line.trim() !== "") {
      this.lines.push(line);
      this.size += line.length + 1;
    }
    if (isParagraph && this.lines.length && this.lines.at(-1) !== "") this.lines.push("");
  }

  add(data, isPre) {
    if (this.size + this.line.length > this.limit) {
      this.isCut = true;
      return;
    }
    const room = this.limit + 10 - this.size - this.line.length;
    const safe = data.slice(0, room + 1000).toWellFormed();
    if (isPre) {
      const parts = safe.split("\n");
      parts.forEach((part, at) => {
        if (at) {
          this.lines.push(this.line);
          this.size += this.line.length + 1;
          this.line = "";
        }
        this.line += part.replace(unsafeInLine, " ");
      });
      return;
    }
    const text = safe.replace(unsafe, " ");
    this.line +=
      this.line === "" || this.line.endsWith(" ") || this.line.endsWith("\t") ? text.trimStart() : text;
  }

  visit(node, isPre, steps) {
    if (this.isFull()) return;
    if (node instanceof Text) {
      if (!this.isHidden && (isPre || node.data.trim() || this.line)) this.add(node.data, isPre);
      return;
    }
    if (!(node instanceof Element)) return;
    const tag = dom.tag(node);
    if (skippedTags.has(tag) || dom.attribute(node, "aria-hidden") === "true" || steps > 1000) return;
    if (isEmbedding(node, tag)) return;
    if (tag === "br") return this.break(false);
    const style = getComputedStyle(node);
    if (style.visibility === "visible" && !isShown(node)) return;
    const wasHidden = this.isHidden;
    this.isHidden = style.visibility !== "visible";
    noteHost(node, tag);
    const isBlock = !/^(inline|contents|table-cell)/.test(style.display);
    const isParagraph = isBlock && paragraphTags.has(tag);
    const isSpaced = isPre || style.whiteSpace.startsWith("pre") || style.whiteSpaceCollapse === "preserve";
    if (isBlock) this.break(isParagraph);
    if (tag === "li") this.line += "- ";
    if (tag === "img" && dom.attribute(node, "alt")) this.add(` ${dom.attribute(node, "alt")} `, false);
    for (const child of shownChildren(node, tag)) this.visit(child, isSpaced, steps + 1);
    this.isHidden = wasHidden;
    if (style.display === "table-cell") this.line += "\t";
    if (isBlock) this.break(isParagraph);
  }

  toString() {
    this.break(false);
    const text = this.lines.join("\n").trim();
    return text.length > this.limit ? text.slice(0, this.limit).toWellFormed() : text;
  }
}
const unsafeInLine = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const skippedTags = new Set([...unseenTags, "select", "textarea", "iframe", "button", "input"]);
const paragraphTags = new Set(
  "p h1 h2 h3 h4 h5 h6 pre blockquote table ul ol section article figure".split(" "),
);

const textOf = (root, limit) => {
  const text = new Text_(limit);
  text.visit(root, false, 0);
  return { text: text.toString(), cut: text.isCut };
};

/** An article counts when it holds a good part of the page's text; so does <main>. */
const readText = ({ characters }) => {
  const body = page.body();
  if (!body) return { text: "", cut: false, from: "body" };
  const whole = textOf(body, characters);
  const about = (found, from) => ({
    ...found,
    from,
    hosts: countHosts(),
    title: fold(page.title(), 300),
    url: location.href,
  });
  for (const [from, selector] of [
    ["article", "article,[role=article]"],
    ["main", "main,[role=main]"],
  ]) {
    const roots = [...dom.findAll(document, selector)].slice(0, 20).filter((root) => isShown(root));
    const texts = roots.map((root) => textOf(root, characters));
    const best = texts.reduce(
      (one, other) => (other.text.length > (one?.text.length ?? 0) ? other : one),
      undefined,
    );
    const isClear =
      from === "main" || texts.length === 1 || (best && best.text.length * 2 > whole.text.length);
    if (best && isClear && best.text.length >= 200 && best.text.length * 4 >= whole.text.length)
      return about(best, from);
  }
  return about(whole, "body");
};
