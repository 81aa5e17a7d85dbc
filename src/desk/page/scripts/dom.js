// What every part needs of the document. All of this runs in an isolated world: a page cannot replace
// these functions, but a form's fields can still hide its members (<input name="children">), so members of
// arbitrary elements are only read through the functions of their interfaces.
const call = Function.prototype.call;
const bound = (method) => call.bind(method);
const getter = (type, name) => bound(Object.getOwnPropertyDescriptor(type.prototype, name).get);
const dom = {
  attribute: bound(Element.prototype.getAttribute),
  has: bound(Element.prototype.hasAttribute),
  tag: getter(Element, "localName"),
  childNodes: getter(Node, "childNodes"),
  parent: getter(Node, "parentNode"),
  isConnected: getter(Node, "isConnected"),
  root: bound(Node.prototype.getRootNode),
  openShadow: getter(Element, "shadowRoot"),
  slotOfElement: getter(Element, "assignedSlot"),
  slotOfText: getter(Text, "assignedSlot"),
  box: bound(Element.prototype.getBoundingClientRect),
  boxes: bound(Element.prototype.getClientRects),
  isRendered: bound(Element.prototype.checkVisibility),
  matches: bound(Element.prototype.matches),
  closest: bound(Element.prototype.closest),
  query: bound(Element.prototype.querySelector),
  scrollIntoView: bound(Element.prototype.scrollIntoView),
  scrollBy: bound(Element.prototype.scrollBy),
  scrollTo: bound(Element.prototype.scrollTo),
  walker: bound(Document.prototype.createTreeWalker),
  dispatch: bound(EventTarget.prototype.dispatchEvent),
};

/** setTimeout, which never fires in a frame that may run no scripts (<iframe sandbox>), not even for this world. */
const after = (milliseconds, then) => void scheduler.postTask(then, { delay: milliseconds });

// The document's own members are hidden by forms and pictures with such names.
const page = {
  body: () => getter(Document, "body")(document) ?? getter(Document, "documentElement")(document),
  title: () => getter(Document, "title")(document),
  isHidden: () => getter(Document, "hidden")(document),
};
/** A method that documents and shadow roots have. */
const ofRoot = (name) => {
  const [inDocument, inShadow] = [Document, ShadowRoot].map((type) => bound(type.prototype[name]));
  return (root, ...rest) =>
    root instanceof Document
      ? inDocument(root, ...rest)
      : root instanceof ShadowRoot
        ? inShadow(root, ...rest)
        : null;
};
Object.assign(dom, {
  hit: ofRoot("elementFromPoint"),
  byId: ofRoot("getElementById"),
  find: ofRoot("querySelector"),
  findAll: ofRoot("querySelectorAll"),
});
dom.documentElement = () => getter(Document, "documentElement")(document);
dom.focused = (root) =>
  root instanceof Document ? getter(Document, "activeElement")(root) : root?.activeElement;

// Closed ones, which only the browser can give.
const closedShadows = new WeakMap();
dom.shadow = (element) => dom.openShadow(element) ?? closedShadows.get(element) ?? null;

/** What is kept in a drawing to be drawn elsewhere, or is no part of a text. */
const unseenTags = new Set(
  (
    "script style noscript template head title desc metadata defs symbol clipPath mask pattern marker " +
    "linearGradient radialGradient filter"
  ).split(" "),
);

/** One line: blanks, control and bidi characters become one space; at most `limit` characters. */
// Private characters are the pictures of icon fonts.
const unsafe =
  /[\s\ue000-\uf8ff\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]+/g;
const fold = (text, limit) => {
  const line = String(text)
    .slice(0, limit * 4)
    .toWellFormed()
    .replace(unsafe, " ")
    .trim();
  return line.length > limit
    ? line
        .slice(0, limit - 1)
        .toWellFormed()
        .trimEnd() + "…"
    : line;
};

/** Children as they are shown: those of an open shadow root, and what stands in a slot. */
const childrenOf = (element) => {
  const shadow = dom.shadow(element);
  if (shadow) return dom.childNodes(shadow);
  if (element instanceof HTMLSlotElement) {
    const assigned = element.assignedNodes();
    if (assigned.length) return assigned;
  }
  return dom.childNodes(element);
};

/** Of details that are closed only what opens them. */
const shownChildren = (element, tag) => {
  const children = childrenOf(element);
  if (tag !== "details" || element.open) return children;
  return [...children]
    .filter((child) => child instanceof Element && dom.tag(child) === "summary")
    .slice(0, 1);
};

/** The parent as it is shown; null above the document's root. */
const shownParent = (node) => {
  const slot =
    node instanceof Element ? dom.slotOfElement(node) : node instanceof Text ? dom.slotOfText(node) : null;
  if (slot) return slot;
  const parent = dom.parent(node);
  return parent instanceof ShadowRoot ? parent.host : parent instanceof Element ? parent : null;
};

const objectWindow = getter(HTMLObjectElement, "contentWindow");
const objectDocument = getter(HTMLObjectElement, "contentDocument");
/** Whether an <object> or <embed> shows a document as frames do. Of the latter only the browser knows. */
const isEmbedding = (element, tag) => {
  if (tag === "embed") return dom.has(element, "src");
  if (tag !== "object" || !(element instanceof HTMLObjectElement) || !objectWindow(element)) return false;
  // A picture has a document around it, too.
  return !/^image\/(?!svg)/.test(objectDocument(element)?.contentType ?? "");
};

const contains = (outer, inner) => {
  for (let at = inner; at; at = shownParent(at)) if (at === outer) return true;
  return false;
};

// Numbers of elements: an element keeps its number as long as this document lives, and so does this script,
// even when the connection that brought it has ended.
const documentToken = crypto.randomUUID?.() ?? String(Math.random());
const numbers = new WeakMap();
const elements = new Map();
let nextNumber = 1;
const mostNumbers = 100_000;

const forgetGone = () => {
  for (const [number, reference] of elements) {
    const element = reference.deref();
    if (!element || !dom.isConnected(element)) elements.delete(number);
  }
  for (const number of elements.keys()) {
    if (elements.size <= mostNumbers / 2) break;
    elements.delete(number);
  }
};

const numberOf = (element) => {
  let number = numbers.get(element);
  if (number === undefined || !elements.has(number)) {
    number ??= nextNumber++;
    numbers.set(element, number);
    elements.set(number, new WeakRef(element));
  }
  return number;
};

/** The element or text with that number while it is in the document; else undefined. */
const nodeOf = (number) => {
  const node = elements.get(number)?.deref();
  return node && dom.isConnected(node) ? node : undefined;
};
/** The same; of a text what it stands in. */
const elementOf = (number) => {
  const node = nodeOf(number);
  return node instanceof Text ? (shownParent(node) ?? undefined) : node;
};
