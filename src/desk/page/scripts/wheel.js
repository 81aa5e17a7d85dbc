// What a turn of the wheel moved, and how far that can be moved still.
const scrollLeft_ = getter(Element, "scrollLeft");
const scrollTop_ = getter(Element, "scrollTop");
const scrollWidth_ = getter(Element, "scrollWidth");
const scrollHeight_ = getter(Element, "scrollHeight");

const windowBox = () => getter(Document, "scrollingElement")(document) ?? dom.documentElement();
const placeOfScroll = (box) => [scrollLeft_(box), scrollTop_(box)];

/**
 * Whether what it hides lies before its place 0, as it does from right to left and in columns that begin at the
 * bottom: it is then scrolled from there to below zero. `axis`: 0 across, 1 down.
 */
const isBackward = (box, axis) => {
  const begin = placeOfScroll(box);
  if (begin[axis] !== 0) return begin[axis] < 0;
  // At its beginning only a try tells, far enough to come to a place that it snaps to. Nothing is drawn meanwhile.
  const far = axis === 0 ? scrollWidth_(box) : scrollHeight_(box);
  dom.scrollTo(box, { [axis === 0 ? "left" : "top"]: -far, behavior: "instant" });
  if (placeOfScroll(box)[axis] === 0) return false;
  dom.scrollTo(box, { left: begin[0], top: begin[1], behavior: "instant" });
  return true;
};

/** How many pixels it can be scrolled towards its left, top, right and bottom end. */
const roomOf = (box) => {
  const whole = [scrollWidth_(box) - width_(box), scrollHeight_(box) - height_(box)];
  const place = placeOfScroll(box);
  const rooms = whole.map((room, axis) => {
    const most = Math.max(room, 0);
    const before = place[axis] + (most > 0 && isBackward(box, axis) ? most : 0);
    return [before, most - before];
  });
  return [rooms[0][0], rooms[1][0], rooms[0][1], rooms[1][1]].map((room) => Math.max(Math.floor(room), 0));
};

const isTurned = (overflow) => overflow === "auto" || overflow === "scroll";
/** The boxes that the wheel can scroll there, the innermost first. */
const boxesAt = (hit) => {
  const boxes = [];
  for (let at = hit; at; at = shownParent(at)) {
    if (isOfWindow(at, dom.tag(at))) continue;
    const { overflowX, overflowY } = getComputedStyle(at);
    const isWide = isTurned(overflowX) && scrollWidth_(at) > width_(at);
    const isLong = isTurned(overflowY) && scrollHeight_(at) > height_(at);
    if (isWide || isLong) boxes.push(at);
  }
  return [...boxes, windowBox()];
};

const isFrame = (element) =>
  /^(iframe|frame|object|embed|fencedframe)$/.test(element ? dom.tag(element) : "");

/** What a click would meet there: {covered}, or {} where it is a frame. For points that lie in a frame. */
const frameAt = ({ x, y }) => {
  const hit = hitAt(x, y);
  if (!hit) return { outside: true };
  return isFrame(hit) ? {} : { covered: describe(hit) };
};

let wheel;
/**
 * A point in this frame's pixels, or by its parts of the frame's sides. When it lies in a frame within this one: the
 * frame's number, and where in it.
 */
const wheelBegins = ({ x, y, across, down, next }) => {
  nextNumber = Math.max(nextNumber, next);
  if (across !== undefined) [x, y] = [across * innerWidth, down * innerHeight];
  const hit = hitAt(x, y);
  const events = [];
  const listener = (event) => events.push(event);
  addEventListener("wheel", listener, { capture: true, passive: true });
  let isChanged = false;
  const observer = new MutationObserver(() => (isChanged = true));
  for (let at = hit; at; at = shownParent(at)) observer.observe(at, { attributes: true, childList: true });
  const boxes = boxesAt(hit).map((box) => ({ box, place: placeOfScroll(box) }));
  wheel?.end();
  wheel = {
    boxes,
    end: () => {
      removeEventListener("wheel", listener, { capture: true });
      observer.disconnect();
    },
    /** By the page itself, as maps do. */
    isTaken: () => isChanged || events.some((event) => event.defaultPrevented),
  };
  if (!isFrame(hit)) return {};
  const box = dom.box(hit);
  return {
    frame: numberOf(hit),
    across: (x - box.left) / (box.width || 1),
    down: (y - box.top) / (box.height || 1),
  };
};

const stillFrames = 4;
const longestScroll = 1500;
/** `side`: 0 to 3, the end that it was turned to, in the order of roomOf. */
const wheelEnds = async ({ side, next }) => {
  const turned = wheel;
  wheel = undefined;
  nextNumber = Math.max(nextNumber, next);
  if (!turned) return {};
  const places = () => JSON.stringify(turned.boxes.map(({ box }) => placeOfScroll(box)));
  const end = performance.now() + longestScroll;
  for (let last = places(), still = 0; still < stillFrames && performance.now() < end;) {
    await painted();
    const now = places();
    still = now === last ? still + 1 : 0;
    last = now;
  }
  turned.end();
  const report = ({ box, place }) => {
    const room = roomOf(box);
    return {
      ...(box === windowBox() ? {} : { n: numberOf(box), t: describe(box, 40) }),
      by: Math.round(Math.abs(placeOfScroll(box)[side % 2] - place[side % 2])),
      ahead: room[side],
      back: room[(side + 2) % 4],
    };
  };
  const moved = turned.boxes.find(({ box, place }) => placeOfScroll(box)[side % 2] !== place[side % 2]);
  if (moved) return { moved: report(moved) };
  if (turned.isTaken()) return { taken: true };
  // What would have moved: the innermost that can be moved that way, or back from there.
  const stuck = turned.boxes.find(({ box }) => {
    const room = roomOf(box);
    return room[side] + room[(side + 2) % 4] > 0;
  });
  return { stuck: report(stuck ?? turned.boxes.at(-1)) };
};
