// Names, states and values of elements, by the main rules of the Accessible Name computation.
const longestName = 300;

/** The text that an element shows, with names of pictures in it. */
const contentOf = (element, limit = longestName) => {
  const pieces = [];
  let nodes = 0;
  let size = 0;
  const visit = (node, depth) => {
    if (size > limit || ++nodes > 2000 || depth > 200) return;
    if (node instanceof Text) {
      pieces.push(node.data);
      size += node.data.length;
      return;
    }
    if (!(node instanceof Element) || isSilent(node)) return;
    const label =
      dom.attribute(node, "aria-label") || (dom.tag(node) === "img" && dom.attribute(node, "alt"));
    if (label) {
      pieces.push(` ${label} `);
      size += label.length;
      return;
    }
    const isInline = getComputedStyle(node).display.startsWith("inline");
    if (!isInline) pieces.push(" ");
    for (const child of childrenOf(node)) visit(child, depth + 1);
    if (!isInline) pieces.push(" ");
  };
  for (const child of childrenOf(element)) visit(child, 0);
  return fold(pieces.join(""), limit);
};

const silentTags = new Set([
  "script",
  "style",
  "noscript",
  "template",
  "head",
  "select",
  "textarea",
  "datalist",
]);
const isSilent = (element) =>
  silentTags.has(dom.tag(element)) || dom.attribute(element, "aria-hidden") === "true" || !isShown(element);
const isShown = (element) =>
  dom.isRendered(element, { visibilityProperty: true }) || getComputedStyle(element).display === "contents";

const labelledBy = (element) => {
  const ids = (dom.attribute(element, "aria-labelledby") ?? "").trim().split(/\s+/, 10);
  const root = dom.root(element);
  const texts = ids
    .map((id) => (id ? root.getElementById?.(id) : null))
    .filter(Boolean)
    .map((label) => dom.attribute(label, "aria-label") || contentOf(label));
  return texts.join(" ");
};

const labelsOf = (element) =>
  element instanceof HTMLFormElement ? [] : [...(element.labels ?? [])].slice(0, 5);
const ofLabels = (element) =>
  labelsOf(element)
    .map((label) => contentOf(label))
    .join(" ");
const ofChild = (element, selector) => {
  const child = dom.query(element, selector);
  return child ? contentOf(child) : "";
};

const nativeName = (element, tag) => {
  if (tag === "input") {
    if (["submit", "reset", "button"].includes(element.type))
      return element.value || { submit: "Submit", reset: "Reset" }[element.type] || "";
    if (element.type === "image") return dom.attribute(element, "alt") || "Submit";
    return ofLabels(element);
  }
  if (tag === "select" || tag === "textarea" || tag === "meter" || tag === "progress")
    return ofLabels(element);
  if (tag === "img" || tag === "area") return dom.attribute(element, "alt") ?? "";
  if (tag === "svg") return dom.query(element, "title")?.textContent ?? "";
  if (tag === "fieldset") return ofChild(element, ":scope > legend");
  if (tag === "table") return ofChild(element, ":scope > caption");
  if (tag === "iframe" || tag === "frame")
    return dom.attribute(element, "title") || dom.attribute(element, "name") || "";
  if (tag === "option" || tag === "optgroup") return dom.attribute(element, "label") || "";
  return "";
};

const nameOf = (element, role) => {
  const tag = dom.tag(element);
  const name =
    labelledBy(element) ||
    dom.attribute(element, "aria-label")?.trim() ||
    nativeName(element, tag) ||
    (namedByContent.has(role) && role !== "row" ? contentOf(element) : "") ||
    dom.attribute(element, "title") ||
    dom.attribute(element, "placeholder") ||
    dom.attribute(element, "alt") ||
    "";
  return fold(name, longestName);
};

const flag = (element, name) => dom.attribute(element, name)?.toLowerCase();

const statesOf = (element, role) => {
  const states = [];
  const tag = dom.tag(element);
  const isCheckable = tag === "input" && (element.type === "checkbox" || element.type === "radio");
  const checked = isCheckable
    ? element.indeterminate
      ? "mixed"
      : String(element.checked)
    : flag(element, "aria-checked");
  if (checked === "true") states.push("checked");
  else if (checked === "mixed") states.push("partly checked");
  else if (checked === "false" && isCheckable) states.push("not checked");
  if (dom.matches(element, ":disabled") || flag(element, "aria-disabled") === "true") states.push("disabled");
  const expanded =
    tag === "summary" ? String(dom.parent(element)?.open === true) : flag(element, "aria-expanded");
  if (expanded === "true") states.push("expanded");
  if (expanded === "false") states.push("collapsed");
  if (flag(element, "aria-selected") === "true" || (tag === "option" && element.selected))
    states.push("selected");
  if (flag(element, "aria-pressed") === "true") states.push("pressed");
  if (dom.has(element, "aria-current") && flag(element, "aria-current") !== "false") states.push("current");
  if (element.required === true || flag(element, "aria-required") === "true") states.push("required");
  if ((tag === "input" || tag === "textarea") && element.readOnly) states.push("read-only");
  if (flag(element, "aria-invalid") === "true") states.push("invalid");
  if (tag === "input" && element.type === "file" && element.multiple) states.push("several files");
  if (dom.root(element).activeElement === element && tag !== "body") states.push("focused");
  if (role === "heading") {
    const level = Number.parseInt(dom.attribute(element, "aria-level") ?? tag.slice(1), 10);
    if (level >= 1 && level <= 99) states.push(`level ${level}`);
  }
  return states;
};

const longestValue = 500;
/** What a field holds; of a password only whether it holds something. Undefined for what holds nothing. */
const valueOf = (element, role) => {
  const tag = dom.tag(element);
  if (tag === "input") {
    if (["checkbox", "radio", "button", "submit", "reset", "image", "hidden"].includes(element.type))
      return undefined;
    if (
      element.type === "password" ||
      /password|cc-csc|one-time/.test(dom.attribute(element, "autocomplete") ?? "")
    )
      return element.value ? "(hidden)" : undefined;
    if (element.type === "file")
      return [...element.files].map((file) => fold(file.name, 100)).join(", ") || undefined;
    return element.value === "" ? undefined : fold(element.value, longestValue);
  }
  if (tag === "textarea") return element.value === "" ? undefined : fold(element.value, longestValue);
  if (tag === "select")
    return (
      fold([...element.selectedOptions].map((option) => option.label).join(", "), longestValue) || undefined
    );
  if (tag === "meter" || tag === "progress") return String(element.value);
  if (isEditable(element)) return contentOf(element, longestValue) || undefined;
  const now = dom.attribute(element, "aria-valuetext") ?? dom.attribute(element, "aria-valuenow");
  if (now !== null && now !== undefined) return fold(now, 100);
  return undefined;
};
