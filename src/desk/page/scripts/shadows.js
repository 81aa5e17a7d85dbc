// Closed shadow roots: which elements may hide one, for the browser to look into (shadows.cpp).
const hollowTags = setOf(
  "article aside blockquote div footer h1 h2 h3 h4 h5 h6 header main nav p section span",
);
const mostHollow = 32;
const mostCustom = 200;
const mostKnownCustom = 5000;
const hollow = new Set();
const custom = new Set();
/** At which look the browser saw an element last: no more than whose turn it is, for a root may come later. */
const lookedAt = new WeakMap();
let looks = 0;
const forgetHosts = () => {
  hollow.clear();
  custom.clear();
};
const countHosts = () => hollow.size + custom.size;

/** It has a place, and nothing of its own is in it. What stands in no slot has no style. */
const isHollow = (element) => {
  const children = dom.childNodes(element);
  if (children.length > 20) return false;
  for (const child of children) {
    if (child instanceof Text && child.data.trim()) return false;
    if (child instanceof Element && (dom.isRendered(child) || getComputedStyle(child).display !== ""))
      return false;
  }
  const { width, height } = dom.box(element);
  return width > 0 && height > 0;
};

const noteHost = (element, tag) => {
  if (dom.shadow(element)) return;
  const isCustom = tag.includes("-");
  if (isCustom && dom.matches(element, ":defined")) {
    if (custom.size < mostKnownCustom) custom.add(element);
  } else if (hollow.size < mostHollow && (isCustom || hollowTags.has(tag)) && isHollow(element)) {
    hollow.add(element);
  }
};

/** Of many first those that were never looked into, then those for which it is the longest ago. */
globalThis.carrelHosts = () => {
  const whenLooked = (element) => lookedAt.get(element) ?? 0;
  const inTurn = [...custom].sort((one, other) => whenLooked(one) - whenLooked(other));
  return [...hollow, ...inTurn.slice(0, mostCustom)];
};
globalThis.carrelLooked = (elements) => {
  looks += 1;
  for (const element of elements) lookedAt.set(element, looks);
};
globalThis.carrelOpen = (host, root) => closedShadows.set(host, root);
