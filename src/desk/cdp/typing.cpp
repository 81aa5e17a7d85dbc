#include "desk/cdp/typing.hpp"

namespace carrel::desk::cdp {

const char* const typing_watch_script = R"js((element, text) => {
  const getter = (type, name) => {
    const { get } = Object.getOwnPropertyDescriptor(type.prototype, name);
    return (object) => get.call(object);
  };
  const parentOf = getter(Node, "parentNode");
  const focusOf = getter(Document, "activeElement");
  const above = (node) => parentOf(node) ?? (node instanceof ShadowRoot ? node.host : null);
  const isIn = (outer, inner) => {
    for (let node = inner; node; node = above(node)) if (node === outer) return true;
    return false;
  };
  const held = () => ("value" in element ? element.value : element.textContent);
  const before = held();
  let [arriving, hasArrived, hasStrayed] = [undefined, false, false];
  const isOurs = (event) => {
    if (!event.isTrusted) return false;
    if (text !== "") return event.inputType === "insertText" && event.data === text;
    return event.key === "Delete" || event.inputType === "deleteContentForward";
  };
  // Of what is in a closed shadow root only the host is told.
  const keepIn = (event) => {
    const [target] = event.composedPath();
    if (!isOurs(event) || isIn(element, target) || isIn(target, element)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    end();
  };
  const arrive = (event) => {
    if (!isOurs(event)) return;
    if (held() !== before && typeof element.select === "function") element.select();
    else if (held() !== before) getSelection().selectAllChildren(element);
    arriving = event;
  };
  // Where it went is known when it is there: a page may move the focus when it is announced.
  const land = (event) => {
    const [target] = event.composedPath();
    const isHere = isIn(element, target) || isIn(target, element);
    if (!isOurs(event) && !(isHere && arriving && event.isTrusted)) return;
    if (isHere) hasArrived = true;
    else hasStrayed = true;
    end();
  };
  const types = text === "" ? ["keydown", "beforeinput"] : ["beforeinput"];
  const end = () => {
    removeEventListener("input", land, true);
    for (const type of types) {
      removeEventListener(type, keepIn, true);
      element.removeEventListener(type, arrive, true);
    }
  };
  for (const type of types) {
    addEventListener(type, keepIn, true);
    element.addEventListener(type, arrive, true);
  }
  addEventListener("input", land, true);
  return {
    end: () => {
      end();
      const focused = focusOf(document);
      const isInFrame = focused instanceof HTMLIFrameElement || focused instanceof HTMLFrameElement;
      // A page that takes what is announced, such as one that formats, has it.
      return { hasArrived: hasArrived || (!hasStrayed && !!arriving?.defaultPrevented), isInFrame, hasStrayed };
    },
  };
})js";

}  // namespace carrel::desk::cdp
