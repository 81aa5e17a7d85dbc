// Lists and pickers of fields that the browser draws over the page, in windows of its own: pictures show them, but
// what is pointed at there meets the page beneath.
const blur = bound(HTMLElement.prototype.blur);
const isDrawnByPage = (open) => getComputedStyle(open).appearance === "base-select";

/** In the document, or in the shadow that has the focus; beside it, the innermost element that has that. */
const listAndFocus = () => {
  for (let root = document; ;) {
    const list = [...dom.findAll(root, ":is(select, input):open")].find((open) => !isDrawnByPage(open));
    const focused = dom.focused(root);
    const shadow = focused && dom.shadow(focused);
    if (list || !shadow) return { list, focused };
    root = shadow;
  }
};

/** Whether one is open here, or may be in the frame that has the focus. */
const mayHaveList = () => {
  const { list, focused } = listAndFocus();
  return Boolean(list) || isFrame(focused);
};

/** Closes it: {n, element} of the field whose it was; or {frame}, the number of the frame that may have one. */
const closeList = ({ next }) => {
  nextNumber = Math.max(nextNumber, next);
  const { list, focused } = listAndFocus();
  if (!list) return isFrame(focused) ? { frame: numberOf(focused) } : {};
  blur(list);
  // One that was opened by a script has no focus to lose.
  if (dom.matches(list, ":open")) {
    list.focus({ preventScroll: true });
    blur(list);
  }
  return { isLeft: dom.matches(list, ":open"), n: numberOf(list), element: describe(list) };
};
