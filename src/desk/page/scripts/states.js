// States and values of elements.
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
  if (tag === "dialog" && dom.matches(element, ":modal")) states.push("modal");
  if ((tag === "input" || tag === "textarea") && element.readOnly) states.push("read-only");
  if (flag(element, "aria-invalid") === "true") states.push("invalid");
  if (tag === "input" && element.type === "file" && element.multiple) states.push("several files");
  if (dom.focused(dom.root(element)) === element && tag !== "body") states.push("focused");
  if (role === "heading") {
    const level = Number.parseInt(dom.attribute(element, "aria-level") ?? tag.slice(1), 10);
    if (level >= 1 && level <= 99) states.push(`level ${level}`);
  }
  return states;
};

const longestValue = 500;
const isSecret = (input) =>
  input.type === "password" || /password|cc-csc|one-time/.test(dom.attribute(input, "autocomplete") ?? "");
/** Editable or made to look so; a box with a field or a list in it is told by those. */
const holdsText = (element, role) =>
  isEditable(element) ||
  role === "textbox" ||
  role === "searchbox" ||
  (role === "combobox" && !dom.query(element, "input,[role=listbox]"));
/** What a field holds; of a password only whether it holds something. Undefined for what holds nothing. */
const valueOf = (element, role) => {
  const tag = dom.tag(element);
  if (tag === "input") {
    if (["checkbox", "radio", "button", "submit", "reset", "image", "hidden"].includes(element.type))
      return undefined;
    if (isSecret(element)) return element.value ? "(hidden)" : undefined;
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
  left = mostNamed;
  if (holdsText(element, role)) return contentOf(element, longestValue) || undefined;
  const now = dom.attribute(element, "aria-valuetext") ?? dom.attribute(element, "aria-valuenow");
  if (now !== null && now !== undefined) return fold(now, 100);
  return undefined;
};
