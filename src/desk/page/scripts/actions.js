// Where to click an element, and what fields hold.
const describe = (element, most = 80) => {
  const role = roleOf(element);
  const name = nameOf(element, role || "button") || contentOf(element, most);
  return `${role || `<${dom.tag(element)}>`}${name ? ` "${fold(name, most)}"` : ""}`;
};

const hitAt = (x, y) => {
  let hit = dom.hit(document, x, y);
  while (hit) {
    const inner = dom.hit(dom.shadow(hit), x, y);
    if (!inner || inner === hit) break;
    hit = inner;
  }
  return hit;
};

/** A click there reaches the element: on itself, something in it, something around it, or its label. */
const reaches = (hit, element) => {
  if (!hit || contains(element, hit) || contains(hit, element)) return true;
  return labelsOf(element).some((label) => contains(label, hit));
};
/** A click there reaches a text: what is hit holds it. */
const reachesText = (hit, element) => !hit || contains(hit, element);

const inSight = (box, sight) => {
  const [left, top, right, bottom] = overlap([box.left, box.top, box.right, box.bottom], sight);
  return right - left >= 1 && bottom - top >= 1 ? { left, top, right, bottom } : undefined;
};

const largestInSight = (boxes, sight) => {
  let best;
  for (const box of boxes.slice(0, 50)) {
    const seen = inSight(box, sight);
    const area = seen ? (seen.right - seen.left) * (seen.bottom - seen.top) : 0;
    if (area > (best?.area ?? 0)) best = { ...seen, area };
  }
  return best;
};

const boxesOfText = (text) => {
  const range = new Range();
  range.selectNodeContents(text);
  return [...range.getClientRects()];
};
/** Of what is no control the text in it is clicked, not the empty place beside. */
const boxesOfTexts = (element) => {
  const boxes = [];
  const walker = dom.walker(document, element, NodeFilter.SHOW_TEXT);
  for (let count = 0; count < 50 && walker.nextNode(); ++count)
    if (walker.currentNode.data.trim()) boxes.push(...boxesOfText(walker.currentNode).slice(0, 10));
  return boxes;
};

const spots = [
  [0.5, 0.5],
  [0.25, 0.5],
  [0.75, 0.5],
  [0.5, 0.25],
  [0.5, 0.75],
  [0.1, 0.1],
  [0.9, 0.9],
];

const centreOf = (box) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
const isCentred = (box, sight) => {
  const [x, y] = centreOf(box);
  return x >= sight[0] && y >= sight[1] && x < sight[2] && y < sight[3];
};

/** Where a click means it, the likeliest first: {box, reaches}. */
const placesOf = (node, element, sight) => {
  const places = [];
  if (node instanceof Text)
    places.push({ box: largestInSight(boxesOfText(node), sight), reaches: reachesText });
  else {
    if (!isInteractive(element, roleOf(element), getComputedStyle(element)))
      places.push({ box: largestInSight(boxesOfTexts(element), sight), reaches });
    places.push({ box: largestInSight([...dom.boxes(element)], sight), reaches });
    for (const label of labelsOf(element))
      places.push({ box: largestInSight([...dom.boxes(label)], sightOf(label)), reaches });
  }
  return places.filter(({ box }) => box);
};

/** A point in this frame's pixels by which it can be reached as it stands, or why there is none. */
const pointNow = async (node, element) => {
  const outer = await seenFromOutside(element);
  const own = sightOf(node instanceof Text ? node : element);
  const places = placesOf(node, element, outer ? overlap(own, outer) : own);
  if (places.length === 0) return { hidden: describe(element) };
  let covered;
  for (const { box, reaches } of places)
    for (const [across, down] of spots) {
      const x = box.left + (box.right - box.left) * across;
      const y = box.top + (box.bottom - box.top) * down;
      const hit = hitAt(x, y);
      if (reaches(hit, element))
        return { x, y, size: [innerWidth, innerHeight], element: outer && describe(element) };
      covered ??= hit;
    }
  return { covered: describe(covered), element: describe(element) };
};

/** What is stuck at an edge of a box covers what stands there, so another edge is tried. */
const ends = ["center", "end", "start"];
const bringIntoView = (node, element, end) => {
  dom.scrollIntoView(element, {
    block: end,
    inline: end === "center" ? end : "nearest",
    behavior: "instant",
  });
  if (!(node instanceof Text)) return;
  const placeOf = () => centreOf(boxesOfText(node)[0] ?? dom.box(element));
  const [x, y] = placeOf();
  if (!isCentred({ left: x, right: x, top: y, bottom: y }, sightOf(node))) bringPlace(node, placeOf);
};

/** Whether it stands where it is seen, so that nothing needs to move. */
const isInPlace = async (node, element) => {
  const box = node instanceof Text ? boxesOfText(node)[0] : dom.box(element);
  if (!box || !isCentred(box, sightOf(node instanceof Text ? node : element))) return false;
  const outer = await seenFromOutside(element);
  return (!outer || isCentred(box, outer)) && reaches(hitAt(...centreOf(box)), element);
};

/**
 * Scrolls until it can be reached. `next`: the end to be tried after this one, when in a frame around this one something
 * covers it there; `from` is that one, and -1 what needs no scrolling.
 */
const reach = async (node, element, from = -1) => {
  if (from < 0 && (await isInPlace(node, element))) {
    const point = await pointNow(node, element);
    if (point.size) return { ...point, next: 0 };
  }
  let refusal;
  for (let at = Math.max(from, 0); at < ends.length; ++at) {
    bringIntoView(node, element, ends[at]);
    const point = await pointNow(node, element);
    if (point.size) return { ...point, next: at + 1 };
    refusal ??= point;
  }
  bringIntoView(node, element, ends[0]);
  return refusal ?? { hidden: describe(element) };
};

/** What is drawn of an element that itself is not (display: contents): the first in it that is. */
const drawnOf = (node) => {
  const isDrawn = (one) => one instanceof Text || dom.boxes(one).length > 0;
  if (isDrawn(node) || getComputedStyle(node).display !== "contents") return node;
  for (const child of childrenOf(node)) {
    if (!(child instanceof Text ? child.data.trim() : child instanceof Element)) continue;
    const drawn = drawnOf(child);
    if (isDrawn(drawn)) return drawn;
  }
  return node;
};

/** {x, y} in this frame's pixels, or why there is none. */
const pointOf = async ({ ref, from }) => {
  let node = nodeOf(ref);
  if (!node) return { gone: true };
  if (node instanceof Element && dom.tag(node) === "area") return pointInArea(node);
  // Of a list that opens the options have no place until then.
  if (node instanceof HTMLOptionElement && dom.boxes(node).length === 0)
    node = dom.closest(node, "select") ?? node;
  const drawn = drawnOf(node);
  return reach(drawn, drawn instanceof Text ? shownParent(drawn) : drawn, from);
};

/** What takes no room, as the anchor of a part, is in view where it stands. */
const isInView = async (element) => {
  if (dom.boxes(element).length === 0) return dom.has(element, "id") || dom.has(element, "name");
  const { left, top, right, bottom } = dom.box(element);
  const within = (sight) =>
    right >= sight[0] &&
    left <= sight[2] &&
    bottom >= sight[1] &&
    top <= sight[3] &&
    sight[2] > sight[0] &&
    sight[3] > sight[1];
  if (!within(sightOf(element))) return false;
  const outer = right > left && bottom > top ? await seenFromOutside(element) : undefined;
  return !outer || within(outer);
};

const scrollTo_ = async ({ ref }) => {
  if (!elementOf(ref)) return { gone: true };
  const what = { element: describe(elementOf(ref)) };
  const node = drawnOf(nodeOf(ref));
  const element = node instanceof Text ? shownParent(node) : node;
  bringIntoView(node, element, "center");
  if (!(await isInView(element))) return { ...what, hidden: true };
  const point = await reach(node, element);
  return point.covered ? { ...what, covered: point.covered } : what;
};

/** The element itself, for calls that want it by reference; null when it is gone. */
const itself = ({ ref }) => elementOf(ref) ?? null;

const fileInput = ({ ref }) => {
  const element = elementOf(ref);
  if (!element) return { gone: true };
  let input = element;
  if (dom.tag(element) === "label" && element.control) input = element.control;
  if (!(input instanceof HTMLInputElement) || input.type !== "file") return { wrong: describe(element) };
  if (input.disabled) return { disabled: describe(element) };
  return { ref: numberOf(input), multiple: input.multiple };
};
