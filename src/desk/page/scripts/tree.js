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

const mostFoundOptions = 1000;
const mostBoxes = 5;
const labelOf = (option) => dom.attribute(option, "aria-label")?.trim() || option.label;
const optionsOf = (select) => {
  const all = [...select.options].slice(0, mostOptions);
  const texts = all.map((option) => fold(labelOf(option), 100) + (option.selected ? " (selected)" : ""));
  if (select.options.length > mostOptions) texts.push(`… ${select.options.length - mostOptions} more`);
  return texts;
};

/** Told also inside what has its text for a name. */
const toldInNamed = setOf("heading listitem meter progressbar row");

class Reading {
  /** `options`: those of selects become entries of their own. */
  constructor({ filter = "", depth = 15, most = 20_000, characters = 50_000, clip, options = false, ref }) {
    Object.assign(this, { filter, depth, most, characters, options });
    // "" and "interactive" are of what is seen, "all" of everything; a whole frame may be out of sight.
    this.clip = filter === "all" ? undefined : (clip ?? [0, 0, innerWidth, innerHeight]);
    this.entries = [];
    this.outside = 0;
    this.boxes = new Map(); // how many entries each has scrolled out of sight
    this.size = 0;
    this.nodes = 0;
    this.isCut = false;
    this.end = performance.now() + mostMilliseconds;
    this.text = "";
    this.textNode = undefined;
    this.range = new Range();
    // What is asked for by its reference is told wherever it is.
    this.modal = ref ? undefined : openModal();
    this.wayToModal = new Set();
    for (let at = this.modal; at; at = shownParent(at)) this.wayToModal.add(at);
  }

  isFull() {
    if (this.isCut) return true;
    this.nodes += 1;
    this.isCut =
      this.entries.length >= this.most ||
      this.size > this.characters ||
      this.nodes > mostNodes ||
      (this.nodes % 32 === 0 && performance.now() > this.end);
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
    const node = this.textNode;
    this.text = "";
    this.textNode = undefined;
    if (text === "" || this.filter === "interactive") return;
    const { entry, level } = place;
    if (entry && !entry.t && this.entries.at(-1) === entry) {
      entry.t = text;
      this.size += text.length;
    } else this.push({ d: level, n: numberOf(node), r: "text", t: text });
  }

  addText(node, place) {
    if (place.isMute || place.isHidden || place.isBehind || !node.data.trim()) {
      if (node.data && this.text) this.text += " ";
      return;
    }
    if (this.clip) {
      this.range.selectNodeContents(node);
      if (!intersects(this.range.getBoundingClientRect(), place.sight.flow)) return;
    }
    this.textNode ??= node;
    if (this.text.length < 4000) this.text += node.data;
  }

  visit(node, place, steps) {
    if (this.isFull()) return;
    if (node instanceof Text) this.addText(node, place);
    else if (node instanceof Element) this.visitElement(node, place, steps);
  }

  visitElement(element, place, steps) {
    const tag = dom.tag(element);
    if (unseenTags.has(tag)) return;
    if (place.isBehind && element !== this.modal) {
      if (this.wayToModal.has(element))
        for (const child of shownChildren(element, tag)) this.visit(child, place, steps + 1);
      return;
    }
    const isFile = tag === "input" && element.type === "file";
    if (!isFile && (isAriaHidden(element) || dom.has(element, "inert"))) return;
    const style = getComputedStyle(element);
    if (style.interactivity === "inert") return;
    const isSeen = isShown(element);
    if (!isSeen && !isFile && style.visibility === "visible") return this.visitHiddenFiles(element, place);
    if (steps > 1000) {
      this.isCut = true;
      return;
    }
    if (tag === "br") this.text += " ";
    if (isSeen) noteHost(element, tag);
    // A label stands for the hidden box that it belongs to.
    const subject = hiddenBoxOf(element) ?? element;
    const isEmbedded = isEmbedding(element, tag);
    const role = roleOf(subject) || (isEmbedded ? tag : "");
    const canAct = (isSeen || isFile) && (subject !== element || isInteractive(element, role, style));
    const isBlock = isApart(style.display);
    const isEntry =
      (isSeen || isFile) &&
      (isEmbedded || this.isWanted(element, role, canAct, place)) &&
      this.isInSight(element, isFile, style, place);
    if (isEntry || isBlock) this.flush(place);
    const inner = isEntry
      ? this.enter(element, role, canAct, place, tag, subject, style)
      : {
          ...place,
          isMute: place.isMute || this.isSaidElsewhere(element, tag),
          isBehind: false,
        };
    if (inner) {
      inner.isHidden = style.visibility !== "visible";
      inner.sight = this.clip && sightWithin(place.sight, element, style);
    }
    if (inner && tag !== "select" && tag !== "textarea" && tag !== "iframe" && !isEmbedded)
      for (const child of shownChildren(element, tag)) this.visit(child, inner, steps + 1);
    if (isEntry || isBlock) this.flush(inner ?? place);
  }

  isWanted(element, role, canAct, place) {
    if (canAct || role === "iframe") return true;
    if (this.filter === "interactive" || !role) return false;
    if (place.isMute && role === "image") return !place.entry?.t?.includes(nameOf(element, role));
    if (place.isMute) return toldInNamed.has(role);
    return role !== "separator";
  }

  /** Text of a label is said as its field's name, that of a caption as its table's. */
  isSaidElsewhere(element, tag) {
    if (tag === "label") return element.control !== null && isShown(element.control);
    return tag === "caption" || tag === "legend";
  }

  isInSight(element, isFile, style, { sight }) {
    if (!this.clip || isFile) return true;
    const seen = sightFor(sight, style.position);
    if (intersects(dom.box(element), seen)) return true;
    this.outside += 1;
    if (sight.box && seen === sight.flow && seen[2] > seen[0] && seen[3] > seen[1])
      this.boxes.set(sight.box, (this.boxes.get(sight.box) ?? 0) + 1);
    return false;
  }

  /** Boxes in sight that hold more: {n, t, more}. */
  scrolledBoxes() {
    return [...this.boxes]
      .slice(0, mostBoxes)
      .map(([box, more]) => ({ n: numberOf(box), t: describe(box, 40), more }));
  }

  /** Notes the element; where its children go, or undefined when they are deeper than asked. */
  enter(element, role, canAct, place, tag, subject = element, style = undefined) {
    const entry = this.push({
      d: place.level,
      n: numberOf(element),
      r: role || (isEditable(element) ? "textbox" : "clickable"),
      t: "",
    });
    const isClickable = canAct && !role;
    entry.t = isClickable && !isEditable(element) ? nameOf(element, "button") : nameOf(subject, role);
    if (subject !== element) entry.t = contentOf(element) || entry.t;
    // A box that can be clicked is told by its words alone where these are all that it holds.
    const content = isClickable ? fold(contentOf(element, 2 * longestName), 2 * longestName) : "";
    if (content.length > longestName && content.startsWith(entry.t.replace(/…$/, ""))) entry.t = "";
    this.size += entry.t.length;
    if (canAct) entry.i = 1;
    const states = statesOf(subject, role);
    if (states.length) entry.s = states;
    const value = valueOf(subject, role);
    if (value !== undefined) entry.v = value;
    if (role === "link" && isLink(element)) entry.u = this.addressOf(element);
    if (tag === "select") this.addOptions(element, entry, place.level + 1);
    if (tag === "img") this.addAreas(element, place.level + 1);
    if (role === "iframe" || isEmbedding(element, tag))
      entry.f = this.seenPart(element, this.clip && sightFor(place.sight, style.position));
    const isMute =
      place.isMute ||
      value !== undefined ||
      ((namedByContent.has(role) || (isClickable && entry.t === content)) && entry.t !== "");
    if (place.level + 1 >= this.depth && element.childElementCount > 0 && !namedByContent.has(role)) {
      entry.c = 1;
      return undefined;
    }
    return { level: place.level + 1, entry, isMute };
  }

  addOptions(select, entry, level) {
    this.size += (entry.o = optionsOf(select)).join("").length;
    if (!this.options) return;
    for (const option of [...select.options].slice(0, mostFoundOptions))
      this.push({
        d: level,
        n: numberOf(option),
        r: "option",
        t: fold(labelOf(option), 100),
        s: statesOf(option, "option"),
        i: 1,
      });
  }

  addAreas(picture, level) {
    for (const area of areasOf(picture)) {
      const link = { d: level, n: numberOf(area), r: roleOf(area) || "clickable", t: "", i: 1 };
      link.t = nameOf(area, link.r);
      link.u = this.addressOf(area);
      this.push(link);
    }
  }

  addressOf(link) {
    const address = dom.attribute(link, "href") ?? dom.attribute(link, "xlink:href") ?? "";
    return /^javascript:/i.test(address) ? undefined : fold(address, 200);
  }

  /** The part of a frame that is in sight, in the frame's own pixels. */
  seenPart(frame, sight) {
    const box = dom.box(frame);
    const [left, top] = [box.left + frame.clientLeft, box.top + frame.clientTop];
    const clip = sight ?? [-1e6, -1e6, 1e6, 1e6];
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
  const root = options.ref ? elementOf(options.ref) : page.body();
  if (options.ref && !root) return { gone: true, next: nextNumber };
  const reading = new Reading(options);
  const place = { level: 0, entry: undefined, isMute: false, isBehind: reading.modal !== undefined };
  if (reading.clip)
    place.sight = sightFrom(options.ref ? overlap(reading.clip, sightOf(root)) : reading.clip);
  if (root) reading.visit(root, place, 0);
  if (root) reading.flush(place);
  return {
    entries: reading.entries,
    outside: reading.outside,
    boxes: reading.scrolledBoxes(),
    cut: reading.isCut,
    modal: reading.modal ? describe(reading.modal) : undefined,
    hosts: countHosts(),
    next: nextNumber,
    title: fold(page.title(), 300),
    url: location.href,
    size: [innerWidth, innerHeight],
  };
};
