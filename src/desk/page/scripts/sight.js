// Boxes that clip what is in them: what of an element can be seen, and bringing it where it can.
const left_ = getter(Element, "clientLeft");
const top_ = getter(Element, "clientTop");
const width_ = getter(Element, "clientWidth");
const height_ = getter(Element, "clientHeight");
const offsetWidth_ = getter(HTMLElement, "offsetWidth");
const offsetHeight_ = getter(HTMLElement, "offsetHeight");

const overlap = (one, other) => [
  Math.max(one[0], other[0]),
  Math.max(one[1], other[1]),
  Math.min(one[2], other[2]),
  Math.min(one[3], other[3]),
];
const wholeFrame = () => [0, 0, innerWidth, innerHeight];

/** What is positioned in it, even by the window, is clipped and moved with it. */
const holdsPositioned = (style) =>
  style.transform !== "none" ||
  style.translate !== "none" ||
  style.rotate !== "none" ||
  style.scale !== "none" ||
  style.perspective !== "none" ||
  style.filter !== "none" ||
  /paint|layout|strict|content/.test(style.contain) ||
  /transform|perspective|filter/.test(style.willChange);

const boxless = /^(inline|contents|table-(row|column|header|footer).*)$/;
const isTopLayer = (element) => dom.matches(element, ":modal,:popover-open,:fullscreen");

/** The overflow of the root, or of the body in its place, is the window's. */
const isOfWindow = (element, tag) => {
  if (element === dom.documentElement()) return true;
  if (tag !== "body" || element !== page.body()) return false;
  const { overflowX, overflowY } = getComputedStyle(dom.documentElement());
  return overflowX === "visible" && overflowY === "visible";
};

/** The part of `sight` in which what is in the element can be seen. */
const clipBy = (sight, element, style) => {
  const clipsX = style.overflowX !== "visible";
  const clipsY = style.overflowY !== "visible";
  if (!clipsX && !clipsY) return sight;
  const tag = dom.tag(element);
  if (!(element instanceof HTMLElement) || boxless.test(style.display) || isOfWindow(element, tag))
    return sight;
  const box = dom.box(element);
  const whole = [offsetWidth_(element), offsetHeight_(element)];
  const [across, down] = [box.width / (whole[0] || 1), box.height / (whole[1] || 1)];
  const left = box.left + left_(element) * across;
  const top = box.top + top_(element) * down;
  return overlap(sight, [
    clipsX ? left : -1e7,
    clipsY ? top : -1e7,
    clipsX ? left + width_(element) * across : 1e7,
    clipsY ? top + height_(element) * down : 1e7,
  ]);
};

/** Where in this frame's pixels the element or text can be seen if it stands there. */
const sightOf = (node) => {
  let sight = wholeFrame();
  let { position } = node instanceof Element ? getComputedStyle(node) : { position: "static" };
  if (node instanceof Element && isTopLayer(node)) return sight;
  for (let at = shownParent(node); at; at = shownParent(at)) {
    const style = getComputedStyle(at);
    const isPassed =
      (position === "fixed" && !holdsPositioned(style)) ||
      (position === "absolute" && style.position === "static" && !holdsPositioned(style));
    if (isPassed) continue;
    sight = clipBy(sight, at, style);
    if (isTopLayer(at)) break;
    position = style.position;
  }
  return sight;
};

/**
 * The same for a tree that is walked from its root: what is known at an element for its children, of which those that
 * are positioned may be clipped by less.
 */
const sightWithin = (sight, element, style) => {
  const { position } = style;
  const isTop = position !== "static" && isTopLayer(element);
  const own = isTop ? sight.whole : sightFor(sight, position);
  const flow = clipBy(own, element, style);
  // Of most elements nothing changes for what is in them.
  if (flow === sight.flow && flow === sight.absolute && flow === sight.fixed) return sight;
  const holds = holdsPositioned(style);
  return {
    whole: sight.whole,
    box: flow === own || !isScrollable(style) ? sight.box : element,
    flow,
    absolute: holds || position !== "static" ? flow : sight.absolute,
    fixed: holds || isTop ? flow : sight.fixed,
  };
};
/** Where a walk begins: all within `clip` is seen. */
const sightFrom = (clip) => ({ whole: clip, flow: clip, absolute: clip, fixed: clip, box: undefined });
const sightFor = (sight, position) =>
  position === "fixed" ? sight.fixed : position === "absolute" ? sight.absolute : sight.flow;

const isScrollable = (style) => /auto|scroll|hidden/.test(style.overflowX + style.overflowY);

/** Scrolls the boxes around it and the window until a place in it is in their middle; `placeOf` tells where it is now. */
const bringPlace = (node, placeOf) => {
  for (let at = shownParent(node); at; at = shownParent(at)) {
    if (isOfWindow(at, dom.tag(at)) || !isScrollable(getComputedStyle(at))) continue;
    const box = dom.box(at);
    const [x, y] = placeOf();
    dom.scrollBy(at, {
      left: x - (box.left + box.right) / 2,
      top: y - (box.top + box.bottom) / 2,
      behavior: "instant",
    });
  }
  const [x, y] = placeOf();
  scrollBy({ left: x - innerWidth / 2, top: y - innerHeight / 2, behavior: "instant" });
};

/**
 * What of an element can be seen in the frames around this one, in this frame's pixels; nothing where this is the
 * outermost one, or the browser does not say. Only it knows of frames that another process draws.
 */
const seenFromOutside = (element) => {
  if (window.parent === window) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let seen;
    const observer = new IntersectionObserver((entries) => {
      const { left, top, right, bottom } = entries.at(-1).intersectionRect;
      seen = [left, top, right, bottom];
      // What has just been scrolled into view may not be known to be yet.
      if (right - left >= 1 && bottom - top >= 1) finish();
    });
    const finish = () => {
      observer.disconnect();
      resolve(seen);
    };
    observer.observe(element);
    after(400, finish);
  });
};
