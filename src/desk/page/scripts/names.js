// Names of elements by the Accessible Name and Description computation and HTML-AAM, as Chromium gives them.
const longestName = 300;
const mostLabellers = 50;
const mostLabels = 5;
/** Of all that one name is made from; so much is left of it. */
const mostNamed = 4000;
let left = mostNamed;

const isShown = (element) =>
  dom.isRendered(element, { visibilityProperty: true }) || getComputedStyle(element).display === "contents";
const isAriaHidden = (element) => dom.attribute(element, "aria-hidden") === "true";

/** What stands apart from the text around it; the rest runs together with it. */
const isApart = (display) => display !== "inline" && display !== "contents" && display !== "ruby";

const quotes = { "open-quote": "“", "close-quote": "”" };
const generated = /"((?:[^"\\]|\\.)*)"|attr\(([\w-]+)\)|(open-quote|close-quote)|[\w-]+\([^)]*\)/g;
/** What a stylesheet puts before or after the content, by its computed `content`: text, or its alternative. */
const generatedText = (element, content) => {
  const at = content.lastIndexOf('" / "') + 1 || content.lastIndexOf(') / "') + 1;
  const text = at ? content.slice(at + 2) : content;
  return [...text.matchAll(generated)]
    .map(([, words, attribute, quote]) =>
      words !== undefined
        ? words.replace(/\\(.)/g, "$1")
        : quote
          ? quotes[quote]
          : attribute
            ? (dom.attribute(element, attribute) ?? "")
            : "",
    )
    .join("");
};

const capitals = (text) =>
  text.replace(/(^|[^\p{L}\p{N}'’])(\p{L})/gu, (all, before, letter) => before + letter.toUpperCase());
const transforms = {
  uppercase: (text) => text.toUpperCase(),
  lowercase: (text) => text.toLowerCase(),
  capitalize: capitals,
};

/** What a control holds is what it adds to the name of what it stands in. */
const heldBy = (element, role) => {
  if (element instanceof HTMLSelectElement)
    return [...element.selectedOptions].map((option) => option.label).join(" ");
  if (role === "listbox" || role === "combobox") {
    if (element instanceof HTMLInputElement) return element.value;
    const chosen = [...element.querySelectorAll("[role=option][aria-selected=true]")].slice(0, 20);
    return chosen.length || role === "listbox"
      ? chosen.map((option) => contentOf(option)).join(" ")
      : contentOf(element);
  }
  if (role === "textbox" || role === "searchbox") return textIn(element);
  if (["slider", "spinbutton", "scrollbar", "progressbar", "meter"].includes(role))
    return (
      dom.attribute(element, "aria-valuetext") ??
      dom.attribute(element, "aria-valuenow") ??
      (["input", "meter", "progress"].includes(dom.tag(element)) ? String(element.value) : "")
    );
  return undefined;
};
const textIn = (element) => {
  const isField = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
  if (!isField) return contentOf(element, longestValue);
  return isSecret(element) ? "" : element.value;
};

/** Their inside says nothing about what they stand in. */
const aloofRoles = setOf(
  "alertdialog application dialog grid log marquee menu menubar radiogroup status tablist tabpanel timer toolbar tree treegrid",
);

/** Gathers the text that stands for an element, through what is in it. Bounded in nodes, depth and length. */
class Naming {
  /** `of`: whose name it becomes. `isReferred`: by aria-labelledby, which is followed once. */
  constructor({ limit = longestName, of = undefined, isReferred = false, isWithHidden = false }) {
    Object.assign(this, { limit, of, isReferred, isWithHidden });
    this.owned = new Set(); // each is owned once
    this.pieces = [];
    this.nodes = 0;
    this.size = 0;
  }

  add(text) {
    this.pieces.push(text);
    this.size += text.length;
  }

  addApart(text) {
    this.add(` ${text} `);
  }

  isFull(depth) {
    return this.size > this.limit || ++this.nodes > 2000 || --left < 0 || depth > 200;
  }

  addText(node, style) {
    if (!style || this.isWithHidden || style.visibility === "visible")
      this.add(transforms[style?.textTransform]?.(node.data) ?? node.data);
  }

  visit(node, style, depth) {
    if (this.isFull(depth)) return;
    if (node instanceof Text) this.addText(node, style);
    else if (node instanceof Element) this.visitElement(node, depth);
  }

  visitElement(element, depth) {
    const tag = dom.tag(element);
    if (unseenTags.has(tag) || tag === "datalist") return;
    if (tag === "br" || tag === "wbr") return this.add(" ");
    if (!this.isWithHidden && (isAriaHidden(element) || !this.isThere(element))) return;
    if (element === this.of && depth > 0) return;
    const style = getComputedStyle(element);
    const isBlock = isApart(style.display);
    if (isBlock) this.add(" ");
    const name = this.ownName(element, tag);
    if (name !== undefined) this.addApart(name);
    else this.addContent(element, style, depth);
    if (isBlock) this.add(" ");
  }

  /** Rendered; what is invisible may hold what is visible again. */
  isThere(element) {
    return dom.isRendered(element) || getComputedStyle(element).display === "contents";
  }

  /** What an element inside the named one says instead of its content; undefined where that counts. */
  ownName(element, tag) {
    if (tag === "slot") return undefined; // a place, not a thing
    if (!this.isReferred && dom.has(element, "aria-labelledby")) {
      const name = labelledBy(element);
      if (name) return name;
    }
    const role = roleOf(element);
    const held = heldBy(element, role);
    if (held) return held;
    const label = dom.attribute(element, "aria-label")?.trim();
    if (label) return label;
    if (held !== undefined) return placeholderOf(element) || titleOf(element);
    const name = nativeName(element, tag, false);
    if (name || tag === "img" || tag === "input") return name || titleUnless(element, tag);
    if (aloofRoles.has(role)) return "";
    if (!namedByContent.has(role)) return undefined;
    return dom.has(element, "title") ? contentOf(element) || titleOf(element) : undefined;
  }

  addContent(element, style, depth) {
    this.addGenerated(element, "::before");
    for (const child of shownChildren(element, dom.tag(element))) this.visit(child, style, depth + 1);
    this.addGenerated(element, "::after");
    for (const owned of referred(element, "aria-owns")) {
      if (this.owned.has(owned)) continue;
      this.owned.add(owned);
      this.add(" ");
      this.visit(owned, style, depth + 1);
    }
  }

  addGenerated(element, place) {
    const style = getComputedStyle(element, place);
    const content = style.content;
    if (content === "none" || content === "normal" || content === "" || style.display === "none") return;
    if (style.visibility !== "visible" && !this.isWithHidden) return;
    const text = generatedText(element, content);
    const shown = transforms[style.textTransform]?.(text) ?? text;
    if (isApart(style.display) || content.includes("url(")) this.addApart(shown);
    else this.add(shown);
  }

  toString() {
    return fold(this.pieces.join(""), this.limit);
  }
}

/** The text that an element shows, with names of pictures and values of fields in it. */
const contentOf = (element, limit = longestName, of = element) => {
  const naming = new Naming({ limit, of });
  naming.addContent(element, getComputedStyle(element), 0);
  return naming.toString();
};

const referred = (element, attribute) => {
  if (!dom.has(element, attribute)) return [];
  const ids = dom.attribute(element, attribute).trim().split(/\s+/, mostLabellers);
  const root = dom.root(element);
  return ids.map((id) => (id ? dom.byId(root, id) : null)).filter(Boolean);
};
const labellersOf = (element) => referred(element, "aria-labelledby");

const isHiddenSomewhere = (element) => {
  if (!isShown(element)) return true;
  for (let at = element, steps = 0; at && steps < 200; at = shownParent(at), ++steps)
    if (isAriaHidden(at)) return true;
  return false;
};

/** The text of an element that another one refers to; of what is hidden all of it. */
const referredText = (element, of) => {
  if (element instanceof SVGElement && dom.tag(element) === "title")
    return fold(element.textContent, longestName);
  const naming = new Naming({ of, isReferred: true, isWithHidden: isHiddenSomewhere(element) });
  const name =
    element === of ? dom.attribute(element, "aria-label")?.trim() : naming.ownName(element, dom.tag(element));
  if (name) return fold(name, longestName);
  naming.addContent(element, getComputedStyle(element), 0);
  return naming.toString() || titleOf(element);
};

/** What refers to what refers back has an end. */
let following = 0;
const labelledBy = (element) => {
  if (following > 2 || !dom.has(element, "aria-labelledby")) return "";
  following += 1;
  const texts = labellersOf(element).map((labeller) => (left > 0 ? referredText(labeller, element) : ""));
  following -= 1;
  return texts.filter(Boolean).join(" ");
};

// An element's own `labels` are looked for through the whole document each time; here once an operation.
const mostKnownLabels = 20_000;
let labelsByRoot = new WeakMap();
const forgetLabels = () => (labelsByRoot = new WeakMap());
const labelsIn = (root) => {
  const labels = new WeakMap();
  for (const label of [...dom.findAll(root, "label")].slice(0, mostKnownLabels)) {
    const control = label.control;
    if (!control) continue;
    if (labels.has(control)) labels.get(control).push(label);
    else labels.set(control, [label]);
  }
  labelsByRoot.set(root, labels);
  return labels;
};
const labelsOf = (element) => {
  const root = dom.root(element);
  if (!(root instanceof Document || root instanceof ShadowRoot)) return [];
  return (labelsByRoot.get(root) ?? labelsIn(root)).get(element)?.slice(0, mostLabels) ?? [];
};
/** Of a label that is hidden all of it: better than no name. */
const ofLabel = (label, of) => {
  const name = labelledBy(label) || dom.attribute(label, "aria-label")?.trim();
  if (name) return name;
  const naming = new Naming({ of, isWithHidden: !isShown(label) });
  naming.addContent(label, getComputedStyle(label), 0);
  return naming.toString();
};
const ofLabels = (element) => {
  const labels = labelsOf(element);
  const shown = labels.filter(isShown);
  return (shown.length ? shown : labels)
    .map((label) => ofLabel(label, element))
    .filter(Boolean)
    .join(" ");
};
const childOf = (element, tag) => {
  for (const child of dom.childNodes(element)) if (isTag(child, tag)) return child;
  return undefined;
};
const ofChild = (element, tag) => {
  const child = childOf(element, tag);
  return child ? contentOf(child) : "";
};
const titleOf = (element) => dom.attribute(element, "title")?.trim() ?? "";
/** A picture that says of itself that it says nothing has no title. */
const titleUnless = (element, tag) =>
  tag === "img" && dom.attribute(element, "alt") === "" ? "" : titleOf(element);
const placeholderOf = (element) =>
  (["input", "textarea"].includes(dom.tag(element)) && dom.attribute(element, "placeholder")) ||
  dom.attribute(element, "aria-placeholder") ||
  "";

const buttonWords = { submit: "Submit", reset: "Reset" };
const ofButton = (input) =>
  input.value || (dom.has(input, "value") ? "" : titleOf(input) || buttonWords[input.type]) || "";
const ofPicture = (input) =>
  dom.attribute(input, "alt") || dom.attribute(input, "value") || titleOf(input) || "Submit";

const nativeNames = {
  img: (element) => dom.attribute(element, "alt") ?? "",
  area: (element) => dom.attribute(element, "alt") ?? "",
  fieldset: (element) => ofChild(element, "legend"),
  table: (element) => ofChild(element, "caption") || dom.attribute(element, "summary") || "",
  option: (element) => dom.attribute(element, "label") || "",
  optgroup: (element) => dom.attribute(element, "label") || "",
  input: (element) => {
    if (["submit", "reset", "button"].includes(element.type)) return ofButton(element);
    return element.type === "image" ? ofPicture(element) : "";
  },
};

/** `isOwn`: it is the element's own name, and no part of another one's that its label may hold. */
const nativeName = (element, tag, isOwn) => {
  if (element instanceof SVGElement) return drawnTitle(element)?.textContent ?? "";
  return (isOwn && ofLabels(element)) || (nativeNames[tag]?.(element) ?? "");
};

const nameOf = (element, role) => {
  left = mostNamed;
  const tag = dom.tag(element);
  const name =
    labelledBy(element) ||
    dom.attribute(element, "aria-label")?.trim() ||
    nativeName(element, tag, true) ||
    (namedByContent.has(role) ? contentOf(element) : "") ||
    titleUnless(element, tag) ||
    placeholderOf(element);
  return fold(name, longestName);
};
