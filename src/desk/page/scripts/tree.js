// The page as a list of entries in document order, each with its depth: what the tree of text is made from.
//   d depth · n number · r role · t name or text · s states · v value · u address · i interactive ·
//   o options of a select · c there is more below than the asked depth · f a frame, with the part of it
//   that is seen
const mostMilliseconds = 1500;
const mostNodes = 300_000;
const mostOptions = 50;

const intersects = (box, clip) =>
  box.right > clip[0] &&
  box.left < clip[2] &&
  box.bottom > clip[1] &&
  box.top < clip[3] &&
  (box.width > 0 || box.height > 0);

const optionsOf = (select) => {
  const all = [...select.options].slice(0, mostOptions);
  const texts = all.map((option) => fold(option.label, 100) + (option.selected ? " (selected)" : ""));
  if (select.options.length > mostOptions) texts.push(`… ${select.options.length - mostOptions} more`);
  return texts;
};

class Reading {
  constructor({ filter = "", depth = 15, most = 20_000, characters = 50_000, clip = undefined }) {
    Object.assign(this, { filter, depth, most, characters });
    // "" and "interactive" are of what is seen, "all" of everything; a whole frame may be out of sight.
    this.clip = filter === "all" ? undefined : (clip ?? [0, 0, innerWidth, innerHeight]);
    this.entries = [];
    this.outside = 0;
    this.size = 0;
    this.nodes = 0;
    this.isCut = false;
    this.end = performance.now() + mostMilliseconds;
    this.text = "";
    this.range = document.createRange();
  }

  isFull() {
    if (this.isCut) return true;
    this.nodes += 1;
    this.isCut =
      this.entries.length >= this.most ||
      this.size > this.characters ||
      this.nodes > mostNodes ||
      (this.nodes % 256 === 0 && performance.now() > this.end);
    return this.isCut;
  }

  push(entry) {
    this.entries.push(entry);
    this.size +=
      entry.d * 2 +
      entry.r.length +
      (entry.t?.length ?? 0) +
      (entry.v?.length ?? 0) +
      (entry.u?.length ?? 0) +
      16;
    return entry;
  }

  /** Text that has gathered becomes the name of the element that holds it, or an entry of its own. */
  flush(place) {
    const text = fold(this.text, 2000);
    this.text = "";
    if (text === "" || this.filter === "interactive") return;
    const { entry, level, element } = place;
    if (entry && !entry.t && this.entries.at(-1) === entry) {
      entry.t = text;
      this.size += text.length;
    } else this.push({ d: level, n: numberOf(element), r: "text", t: text });
  }

  addText(node, place) {
    if (place.isMute || place.isHidden || !node.data.trim()) {
      if (node.data && this.text) this.text += " ";
      return;
    }
    if (this.clip) {
      this.range.selectNodeContents(node);
      if (!intersects(this.range.getBoundingClientRect(), this.clip)) return;
    }
    if (this.text.length < 4000) this.text += node.data;
  }

  visit(node, place, steps) {
    if (this.isFull()) return;
    if (node instanceof Text) this.addText(node, place);
    else if (node instanceof Element) this.visitElement(node, place, steps);
  }

  visitElement(element, place, steps) {
    const tag = dom.tag(element);
    if (tag === "script" || tag === "style" || tag === "noscript" || tag === "template" || tag === "head")
      return;
    const isFile = tag === "input" && element.type === "file";
    if (!isFile && (dom.attribute(element, "aria-hidden") === "true" || dom.has(element, "inert"))) return;
    const style = getComputedStyle(element);
    const isSeen = isShown(element);
    if (!isSeen && !isFile && style.visibility === "visible") return this.visitHiddenFiles(element, place);
    if (steps > 1000) {
      this.isCut = true;
      return;
    }
    if (tag === "br") this.text += " ";
    const role = roleOf(element);
    const canAct = (isSeen || isFile) && isInteractive(element, role, style);
    const isBlock = !style.display.startsWith("inline") && style.display !== "contents";
    const isEntry =
      (isSeen || isFile) && this.isWanted(element, role, canAct, place) && this.isInSight(element, isFile);
    if (isEntry || isBlock) this.flush(place);
    const inner = isEntry
      ? this.enter(element, role, canAct, place, tag)
      : {
          ...place,
          element: isBlock ? element : place.element,
          isMute: place.isMute || this.isSaidElsewhere(element, tag),
        };
    if (inner) inner.isHidden = style.visibility !== "visible";
    if (inner && tag !== "select" && tag !== "textarea" && tag !== "svg" && tag !== "iframe")
      for (const child of shownChildren(element, tag)) this.visit(child, inner, steps + 1);
    if (isEntry || isBlock) this.flush(inner ?? place);
  }

  isWanted(element, role, canAct, place) {
    if (canAct || role === "iframe") return true;
    if (this.filter === "interactive" || !role) return false;
    if (place.isMute) return role === "image" || role === "heading" || role === "listitem" || role === "row";
    return role !== "separator";
  }

  /** Text of a label is said as its field's name, that of a caption as its table's. */
  isSaidElsewhere(element, tag) {
    if (tag === "label") return element.control !== null && isShown(element.control);
    return tag === "caption" || tag === "legend";
  }

  isInSight(element, isFile) {
    if (!this.clip || isFile) return true;
    if (intersects(dom.box(element), this.clip)) return true;
    this.outside += 1;
    return false;
  }

  /** Notes the element; where its children go, or undefined when they are deeper than asked. */
  enter(element, role, canAct, place, tag) {
    const entry = this.push({
      d: place.level,
      n: numberOf(element),
      r: role || (isEditable(element) ? "textbox" : "clickable"),
      t: "",
    });
    const isClickable = canAct && !role;
    entry.t = isClickable && !isEditable(element) ? nameOf(element, "button") : nameOf(element, role);
    this.size += entry.t.length;
    if (canAct) entry.i = 1;
    const states = statesOf(element, role);
    if (states.length) entry.s = states;
    const value = valueOf(element, role);
    if (value !== undefined) entry.v = value;
    if (role === "link" && element.href) entry.u = this.addressOf(element);
    if (tag === "select") this.size += (entry.o = optionsOf(element)).join("").length;
    if (role === "iframe") entry.f = this.seenPart(element);
    const isMute =
      place.isMute || value !== undefined || ((namedByContent.has(role) || isClickable) && entry.t !== "");
    if (place.level + 1 >= this.depth && element.childElementCount > 0 && !namedByContent.has(role)) {
      entry.c = 1;
      return undefined;
    }
    return { level: place.level + 1, entry, element, isMute };
  }

  addressOf(link) {
    const address = dom.attribute(link, "href") ?? "";
    return /^javascript:/i.test(address) ? undefined : fold(address, 200);
  }

  /** The part of a frame that is in sight, in the frame's own pixels. */
  seenPart(frame) {
    const box = dom.box(frame);
    const [left, top] = [box.left + frame.clientLeft, box.top + frame.clientTop];
    const clip = this.clip ?? [-1e6, -1e6, 1e6, 1e6];
    return [
      Math.max(clip[0] - left, 0),
      Math.max(clip[1] - top, 0),
      Math.min(clip[2] - left, frame.clientWidth),
      Math.min(clip[3] - top, frame.clientHeight),
    ];
  }

  /** File inputs are hidden behind prettier buttons more often than not, and can be used all the same. */
  visitHiddenFiles(element, place) {
    if (!dom.query(element, "input[type=file]")) return;
    for (const input of element.querySelectorAll("input[type=file]"))
      this.enter(input, "file input", true, place, "input");
  }
}

/** `ref`: only what is below that element. */
const read = (options) => {
  nextNumber = Math.max(nextNumber, options.next ?? 1);
  if (elements.size > mostNumbers) forgetGone();
  const root = options.ref ? elementOf(options.ref) : (document.body ?? document.documentElement);
  if (options.ref && !root) return { gone: true, next: nextNumber };
  const reading = new Reading(options);
  if (root) reading.visit(root, { level: 0, entry: undefined, element: root, isMute: false }, 0);
  if (root) reading.flush({ level: 0, entry: undefined, element: root, isMute: false });
  return {
    entries: reading.entries,
    outside: reading.outside,
    cut: reading.isCut,
    next: nextNumber,
    title: fold(document.title, 300),
    url: location.href,
    size: [innerWidth, innerHeight],
  };
};
