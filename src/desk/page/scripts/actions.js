// Where to click an element, and what fields hold.
const describe = (element) => {
  const role = roleOf(element);
  const name = nameOf(element, role || "button") || contentOf(element, 80);
  return `${role || `<${dom.tag(element)}>`}${name ? ` "${fold(name, 80)}"` : ""}`;
};

const hitAt = (x, y) => {
  let hit = document.elementFromPoint(x, y);
  while (hit) {
    const inner = dom.shadow(hit)?.elementFromPoint(x, y);
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

const inView = (box) => {
  const left = Math.max(box.left, 0);
  const top = Math.max(box.top, 0);
  const right = Math.min(box.right, innerWidth);
  const bottom = Math.min(box.bottom, innerHeight);
  return right - left >= 1 && bottom - top >= 1 ? { left, top, right, bottom } : undefined;
};

const largestInView = (element) => {
  let best;
  for (const box of [...dom.boxes(element)].slice(0, 50)) {
    const seen = inView(box);
    const area = seen ? (seen.right - seen.left) * (seen.bottom - seen.top) : 0;
    if (area > (best?.area ?? 0)) best = { ...seen, area };
  }
  return best;
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

const isCentred = (box) => {
  const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  return x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
};

const bringIntoView = (element) => {
  if (!isCentred(dom.box(element)) || !reaches(hitAt(...centreOf(dom.box(element))), element))
    dom.scrollIntoView(element, { block: "center", inline: "center", behavior: "instant" });
};
const centreOf = (box) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];

/** Scrolls to it; {x, y} in this frame's pixels, or why there is none. */
const pointOf = ({ ref }) => {
  let element = elementOf(ref);
  if (!element) return { gone: true };
  if (element instanceof HTMLOptionElement) element = dom.closest(element, "select") ?? element;
  bringIntoView(element);
  const seen = largestInView(element);
  if (!seen) return { hidden: describe(element) };
  const size = [innerWidth, innerHeight];
  let covered;
  for (const [across, down] of spots) {
    const x = seen.left + (seen.right - seen.left) * across;
    const y = seen.top + (seen.bottom - seen.top) * down;
    const hit = hitAt(x, y);
    if (reaches(hit, element)) return { x, y, size };
    covered ??= hit;
  }
  return { covered: describe(covered), element: describe(element) };
};

const scrollTo_ = ({ ref }) => {
  const element = elementOf(ref);
  if (!element) return { gone: true };
  dom.scrollIntoView(element, { block: "center", inline: "center", behavior: "instant" });
  return { element: describe(element) };
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
