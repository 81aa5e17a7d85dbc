// What is used in another's place: labels of hidden boxes, areas of pictures; and what a modal dialog leaves
// to be used.

/** The box that a label is the only sight of; else undefined. */
const hiddenBoxOf = (element) => {
  const box = dom.tag(element) === "label" ? element.control : null;
  const isBox = box instanceof HTMLInputElement && (box.type === "checkbox" || box.type === "radio");
  return isBox && !isShown(box) ? box : undefined;
};

const mostAreas = 100;
const mapOf = (picture) => {
  const name = dom.attribute(picture, "usemap")?.replace(/^#/, "");
  return name ? dom.find(dom.root(picture), `map[name="${CSS.escape(name)}"]`) : null;
};
/** The areas of a picture that lead somewhere. A picture that did not come has none. */
const areasOf = (picture) => {
  const map = picture.naturalWidth > 0 ? mapOf(picture) : null;
  return map ? [...map.querySelectorAll("area[href]")].slice(0, mostAreas) : [];
};
const pictureOf = (area) => {
  const map = dom.closest(area, "map");
  const pictures = dom.findAll(dom.root(area), "img[usemap]");
  return [...(pictures ?? [])].find((picture) => mapOf(picture) === map && isShown(picture));
};

const pairs = (numbers) =>
  numbers
    .slice(0, 400)
    .flatMap((x, at) => (at % 2 === 0 && at + 1 < numbers.length ? [[x, numbers[at + 1]]] : []));
const middleOf = (points) =>
  [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
/** Points that may lie in the area, in the picture's own pixels. */
const pointsIn = (area, width, height) => {
  const numbers = (dom.attribute(area, "coords") ?? "").split(/[\s,;]+/).map(Number);
  const shape = dom.attribute(area, "shape")?.toLowerCase() ?? "rect";
  if (shape === "default")
    return [
      [width / 2, height / 2],
      [1, 1],
      [width - 2, height - 2],
    ];
  if (shape.startsWith("circ")) return [numbers.slice(0, 2)];
  const corners = pairs(numbers);
  if (!shape.startsWith("poly")) return [middleOf(corners.slice(0, 2))];
  return [
    middleOf(corners),
    ...corners.slice(2).map((corner, at) => middleOf([corners[at], corners[at + 1], corner])),
  ];
};

const pointInArea = (area) => {
  const picture = pictureOf(area);
  if (!picture) return { hidden: describe(area) };
  const size = [innerWidth, innerHeight];
  const points = pointsIn(area, picture.width, picture.height);
  const style = getComputedStyle(picture);
  const inset = (side) => Number.parseFloat(style[`padding${side}`]) || 0;
  // Its shapes begin where the picture does, or where its border does: what is hit says which.
  const corners = [
    [picture.clientLeft + inset("Left"), picture.clientTop + inset("Top")],
    [0, 0],
  ];
  dom.scrollIntoView(picture, { block: "center", inline: "center", behavior: "instant" });
  let covered;
  for (const isMoved of [false, true]) {
    if (isMoved)
      bringPlace(picture, () => {
        const { left, top } = dom.box(picture);
        return [left + points[0][0], top + points[0][1]];
      });
    const box = dom.box(picture);
    for (const [across, down] of points)
      for (const [left, top] of corners) {
        const [x, y] = [box.left + left + across, box.top + top + down];
        if (!(x >= 0 && y >= 0 && x < innerWidth && y < innerHeight)) continue;
        const hit = hitAt(x, y);
        if (hit === area) return { x, y, size };
        covered ??= hit;
      }
  }
  return covered ? { covered: describe(covered), element: describe(area) } : { hidden: describe(area) };
};
const isModal = (element) =>
  dom.tag(element) === "dialog" && dom.matches(element, ":modal") && !dom.matches(element, ":fullscreen");
/** The dialog outside of which nothing can be used: of several the one that a click anywhere meets. */
const openModal = () => {
  for (let at = hitAt(1, 1); at; at = shownParent(at)) if (isModal(at)) return at;
  return [...dom.findAll(document, "dialog:modal")]
    .filter((dialog) => isModal(dialog) && isShown(dialog))
    .at(-1);
};
