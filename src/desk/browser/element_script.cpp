#include "desk/browser/element_script.hpp"

namespace carrel::desk::browser {

// Each is the source of one function. `search` looks through open shadow trees too.
#define CARREL_SEARCH \
    R"js(
  const search = (root) => {
    const found = root.querySelector(selector);
    if (found) return found;
    for (const host of root.querySelectorAll("*")) {
      const inner = host.shadowRoot && search(host.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
)js"

const char* const find_element_script = "async (selector, state, milliseconds) => {" CARREL_SEARCH R"js(
  const end = performance.now() + milliseconds;
  const describe = (element) => {
    const name = element.localName + (element.id ? "#" + element.id : "");
    const kind = typeof element.className === "string" && element.className.trim();
    return "<" + (name + (kind ? "." + kind.split(/\s+/).slice(0, 3).join(".") : "")).slice(0, 120) + ">";
  };
  const isVisible = (element) => {
    const style = getComputedStyle(element);
    if (style.visibility !== "visible") return false;
    if (style.display === "contents") return [...element.children].some(isVisible);
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  };
  // The next frame, or a change of the document: a tab that is not in front draws no frames.
  const change = () => new Promise((resolve) => {
    const watch = new MutationObserver(resolve);
    watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    requestAnimationFrame(resolve);
    scheduler.postTask(resolve, { delay: Math.max(0, end - performance.now()) });
  });
  const boxes = (element) => {
    const own = [...element.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
    return own.length > 0 ? own : [...element.children].flatMap(boxes);
  };
  const middle = (element) => {
    for (const box of boxes(element)) {
      const [left, top] = [Math.max(0, box.left), Math.max(0, box.top)];
      const [right, bottom] = [Math.min(innerWidth, box.right), Math.min(innerHeight, box.bottom)];
      if (right > left && bottom > top) return { x: (left + right) / 2, y: (top + bottom) / 2 };
    }
    return null;
  };
  const topmost = ({ x, y }) => {
    let hit = document.elementFromPoint(x, y);
    while (hit?.shadowRoot) {
      const inner = hit.shadowRoot.elementFromPoint(x, y);
      if (!inner || inner === hit) break;
      hit = inner;
    }
    return hit;
  };
  const holds = (outer, inner) => {
    for (let node = inner; node; node = node.parentNode ?? node.host) if (node === outer) return true;
    return false;
  };
  const belongs = (element, hit) =>
    holds(element, hit) || [...(element.labels ?? [])].some((label) => holds(label, hit)) ||
    (hit?.closest?.("label")?.control === element);
  const fills = (element) =>
    element.isContentEditable || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement ||
    (element instanceof HTMLInputElement && !["button", "submit", "reset", "image", "file", "hidden"].includes(element.type));
  const isBehindLabel = (element) =>
    element instanceof HTMLInputElement && (element.type === "checkbox" || element.type === "radio") &&
    [...(element.labels ?? [])].some(isVisible);
  const scrollTo = (element) => element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });

  let before;
  const judge = (element) => {
    if (state === "detached") return element ? { wrong: "an element is still there" } : {};
    if (state === "hidden") return element && isVisible(element) ? { wrong: "an element can still be seen" } : {};
    if (!element) return { wrong: "no element is there" };
    if (state === "attached") return {};
    // Boxes are hidden behind prettier labels more often than not, and are set all the same.
    if (state === "field" && !isVisible(element) && isBehindLabel(element))
      return element.matches(":disabled") ? { wrong: describe(element) + " is disabled" } : {};
    if (!isVisible(element)) return { wrong: describe(element) + " cannot be seen" };
    if (state === "visible") return {};
    if (element.matches(":disabled")) return { wrong: describe(element) + " is disabled" };
    if (state === "field" && !fills(element)) return { wrong: describe(element) + " is no field that can be filled" };
    if (state === "field" && element.readOnly) return { wrong: describe(element) + " is read-only" };
    let place = middle(element);
    let hit = place && topmost(place);
    if (!place || !belongs(element, hit)) {
      scrollTo(element);
      place = middle(element);
      hit = place && topmost(place);
    }
    if (!place) return { wrong: describe(element) + " lies outside the page" };
    if (!belongs(element, hit) && state === "field" && isBehindLabel(element)) return {};
    if (!belongs(element, hit)) return { wrong: describe(element) + " is covered by " + (hit ? describe(hit) : "something") };
    const at = JSON.stringify(place);
    if (at !== before) {
      before = at;
      return { wrong: describe(element) + " moves" };
    }
    return place;
  };
  if ((state === "hit" || state === "field") && document.visibilityState === "hidden") return { kind: "hidden_tab" };
  for (;;) {
    let element;
    try {
      element = search(document);
    } catch {
      return { kind: "selector", wrong: "it is no CSS selector" };
    }
    const answer = judge(element);
    if (!answer.wrong) return answer;
    if (performance.now() >= end) return { kind: "element", wrong: answer.wrong };
    await change();
  }
})js";

const char* const prepare_field_script = "(selector, value) => {" CARREL_SEARCH R"js(
  const field = search(document);
  if (!field) return { wrong: "it is gone" };
  const tell = () => {
    field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  // Any words for a colour that stylesheets know; the field holds #rrggbb.
  const colour = (text) => {
    if (!CSS.supports("color", text) || /^(inherit|initial|unset|revert(-layer)?|currentcolor)$|var\(/i.test(text)) return undefined;
    const brush = new OffscreenCanvas(1, 1).getContext("2d");
    brush.fillStyle = text;
    return /^#[0-9a-f]{6}$/.test(brush.fillStyle) ? brush.fillStyle : undefined;
  };
  field.focus();
  if (field instanceof HTMLSelectElement) {
    const option = [...field.options].find((one) => one.value === value) ??
      [...field.options].find((one) => one.label.trim() === value.trim());
    if (!option) {
      const offered = [...field.options].slice(0, 20).map((one) => JSON.stringify(one.label.trim().slice(0, 60))).join(", ");
      return { wrong: "the list has no such option; it has " + (offered || "none") };
    }
    field.value = option.value;
    tell();
    return { value: field.value };
  }
  if (field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio")) {
    if (!["true", "false", "on", "off"].includes(value)) return { wrong: "a " + field.type + " takes true or false" };
    if (field.checked !== (value === "true" || value === "on")) field.click();
    return { value: String(field.checked) };
  }
  if (field instanceof HTMLInputElement && ["date", "time", "datetime-local", "month", "week", "color", "range"].includes(field.type)) {
    const before = field.value;
    const wanted = field.type === "color" ? colour(value) ?? value : value;
    field.value = wanted;
    if (value !== "" && field.value.toLowerCase() !== wanted.toLowerCase()) {
      field.value = before;
      const isDated = field.type !== "color" && field.type !== "range" && /^\d{4,6}-W?\d\d(-\d\d)?(T\d\d:\d\d.*)?$|^\d\d:\d\d/.test(value);
      return { wrong: "a field for " + field.type + " does not take " + JSON.stringify(value) +
        (isDated ? ": the calendar or the day has no such" : "") };
    }
    tell();
    return { value: field.value };
  }
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) {
    if (field.type === "number" && value !== "" && !Number.isFinite(Number(value)))
      return { wrong: "a field for numbers does not take " + JSON.stringify(value) };
    field.select();
    // A secret is not left to where the focus is when the browser types: it is put there in one go.
    if (field.type === "password") {
      const wish = { inputType: value ? "insertText" : "deleteContentBackward", data: value || null };
      const event = new InputEvent("beforeinput", { ...wish, bubbles: true, cancelable: true, composed: true });
      if (field.dispatchEvent(event) && field.getRootNode().activeElement === field)
        document.execCommand(value ? "insertText" : "delete", false, value);
      return { value: field.value };
    }
  } else {
    const range = document.createRange();
    range.selectNodeContents(field);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }
  globalThis.carrelTyping?.end();
  globalThis.carrelTyping = watchTyping(field, value);
  return { type: true };
})js";

const char* const finish_field_script = "(selector, value) => {" CARREL_SEARCH R"js(
  const { hasArrived, isInFrame, hasStrayed } = globalThis.carrelTyping?.end() ?? { hasArrived: true };
  const field = search(document);
  if (!field) return {};
  const held = () => String(field.value ?? field.innerText ?? "");
  if (hasStrayed) return { moved: true };
  if (!hasArrived && held() !== value) {
    if (isInFrame || !("value" in field)) return { moved: true };
    field.focus();
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  }
  return { value: held() };
})js";

const char* const read_text_script = "(selector, most) => {" CARREL_SEARCH R"js(
  const element = selector === null ? document.body ?? document.documentElement : search(document);
  if (!element) return { text: "", length: 0 };
  const isField = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
  const text = isField ? (element.type === "password" ? "" : element.value) : element.innerText ?? element.textContent ?? "";
  return { text: text.slice(0, most).toWellFormed(), length: text.length };
})js";

const char* const read_html_script = R"js((most) => {
  const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) + "\n" : "";
  const html = type + (document.documentElement?.outerHTML ?? "");
  return { html: html.slice(0, most).toWellFormed(), length: html.length, url: location.href };
})js";

const char* const scroll_script = "(selector, dx, dy) => {" CARREL_SEARCH R"js(
  const page = document.scrollingElement ?? document.documentElement;
  let scroller = page;
  if (selector !== null) {
    const element = search(document);
    if (!element) return { wrong: "no element is there" };
    const scrolls = (one) => {
      const { overflowX, overflowY } = getComputedStyle(one);
      const lets = (overflow) => overflow === "auto" || overflow === "scroll" || overflow === "hidden";
      return (dx !== 0 && lets(overflowX) && one.scrollWidth > one.clientWidth) ||
        (dy !== 0 && lets(overflowY) && one.scrollHeight > one.clientHeight);
    };
    for (let one = element; one; one = one.parentElement ?? one.getRootNode().host)
      if (one !== page && scrolls(one)) { scroller = one; break; }
  }
  scroller.scrollBy({ left: dx, top: dy, behavior: "instant" });
  return { x: scroller.scrollLeft, y: scroller.scrollTop };
})js";

#undef CARREL_SEARCH

}  // namespace carrel::desk::browser
