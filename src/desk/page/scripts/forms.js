// Sets fields as a person's hands would: focus, beforeinput and input from the browser itself, then change.
const fire = (element, ...types) => {
  for (const type of types)
    dom.dispatch(element, new Event(type, { bubbles: true, composed: type === "input" }));
};

const wrong = (sentence) => ({ error: sentence });

/**
 * Gives the field the focus and selects what is there: the caller has the browser put `text` in its place,
 * with the events of typing, and then calls finish.
 */
const selectAll = (element, text) => {
  element.focus({ preventScroll: false });
  if (typeof element.select === "function") element.select();
  else getSelection().selectAllChildren(element);
  return { type: text };
};

// Typing is slow in the browser for long texts with many lines; types whose text is not their value keep it.
const canType = (element, text) => text.length <= 20_000 && element.type !== "email";

const setText = (element, text) => {
  if (element.readOnly) return wrong("the field is read-only");
  if (element.value === text) return { value: element.type === "password" ? "(hidden)" : text };
  return canType(element, text) ? selectAll(element, text) : finishText(element, text);
};

const finishText = (element, text) => {
  const isCut = element.maxLength >= 0 && element.value === text.slice(0, element.maxLength);
  if (element.value === "" && text !== "" && !isCut) assign(element, text);
  else if (!canType(element, text)) assign(element, text);
  fire(element, "change");
  const kept = element.value;
  return { value: element.type === "password" ? "(hidden)" : kept, changed: kept !== text };
};

const assign = (element, text) => {
  element.focus();
  element.value = text;
  fire(element, "input");
};

const formats = {
  date: "a date is written YYYY-MM-DD",
  time: "a time is written HH:MM",
  month: "a month is written YYYY-MM",
  week: "a week is written YYYY-Www",
  "datetime-local": "a date and time is written YYYY-MM-DDTHH:MM",
  color: "a colour is written #rrggbb",
  number: "a number is wanted",
  range: "a number is wanted",
};

const setFormatted = (element, text) => {
  if (element.readOnly) return wrong("the field is read-only");
  const before = element.value;
  element.focus();
  element.value = text;
  const isTaken =
    element.type === "color" ? element.value === text.toLowerCase() : element.value !== "" || text === "";
  if (!isTaken) {
    element.value = before;
    return wrong(formats[element.type]);
  }
  if (element.type === "range" && !/^\s*-?[\d.]+(e[+-]?\d+)?\s*$/i.test(text)) {
    element.value = before;
    return wrong(formats.range);
  }
  if (element.value !== before) fire(element, "input", "change");
  return {
    value: element.value,
    changed: Number(element.value) !== Number(text) && element.type === "range",
  };
};

const setChecked = (element, wanted, isOn) => {
  if (typeof wanted !== "boolean") return wrong(`a ${roleOf(element)} takes true or false`);
  const isRadio = roleOf(element) === "radio";
  if (isRadio && !wanted && isOn())
    return wrong("a radio button cannot be cleared; set another one of its group to true");
  if (isOn() !== wanted) {
    element.focus?.();
    element.click();
  }
  return isOn() === wanted ? { value: wanted } : wrong(`the page did not let it become ${wanted}`);
};

const findOption = (select, text) => {
  const options = [...select.options];
  const plain = (value) => fold(value, 1000).toLowerCase();
  return (
    options.find((option) => option.label === text || option.value === text) ??
    options.find((option) => fold(option.label, 1000) === fold(text, 1000)) ??
    options.find((option) => plain(option.label) === plain(text) || plain(option.value) === plain(text))
  );
};

const setSelect = (select, text) => {
  const option = findOption(select, text);
  if (!option) {
    const some = [...select.options]
      .slice(0, 20)
      .map((entry) => `"${fold(entry.label, 60)}"`)
      .join(", ");
    return wrong(
      `there is no option "${fold(text, 100)}"; there are ${some || "none"}` +
        (select.options.length > 20 ? ", …" : ""),
    );
  }
  if (option.disabled) return wrong(`the option "${fold(option.label, 100)}" is disabled`);
  select.focus();
  if (!option.selected) {
    option.selected = true;
    fire(select, "input", "change");
  }
  return { value: fold([...select.selectedOptions].map((entry) => entry.label).join(", "), 1000) };
};

const finishEditable = (element, text) => {
  const kept = element.innerText.replace(/\n$/, "");
  return { value: fold(kept, 1000), changed: fold(kept, 10_000) !== fold(text, 10_000) };
};

/** Of a label its field; of something in an editable text that text. */
const fieldOf = (element) => {
  if (dom.tag(element) === "label" && element.control) return element.control;
  if (element.isContentEditable)
    while (element.parentElement?.isContentEditable) element = element.parentElement;
  return element;
};

const setValue = ({ ref, value }) => {
  const found = elementOf(ref);
  if (!found) return { gone: true };
  const element = fieldOf(found);
  if (dom.matches(element, ":disabled") || flag(element, "aria-disabled") === "true")
    return wrong("the field is disabled");
  const text = String(value);
  if (element instanceof HTMLSelectElement) return setSelect(element, text);
  if (element instanceof HTMLTextAreaElement) return setText(element, text.replace(/\r\n?/g, "\n"));
  if (element instanceof HTMLInputElement) {
    if (element.type === "file") return wrong("this is a file input: files are given with upload");
    if (element.type === "checkbox" || element.type === "radio")
      return setChecked(element, value, () => element.checked);
    if (["button", "submit", "reset", "image", "hidden"].includes(element.type))
      return wrong("a button holds no value: click it");
    if (element.type in formats) return setFormatted(element, text.trim());
    return setText(element, text.replace(/[\r\n]+/g, " "));
  }
  if (element.isContentEditable) return selectAll(element, text);
  if (["checkbox", "switch", "radio", "menuitemcheckbox", "menuitemradio"].includes(roleOf(element)))
    return setChecked(element, value, () => flag(element, "aria-checked") === "true");
  return wrong(`${describe(found)} is no form field`);
};

/** What became of a text that was typed. */
const finishTyping = ({ ref, value }) => {
  const found = elementOf(ref);
  if (!found) return { value, changed: false }; // the page took it and went on
  const element = fieldOf(found);
  const text = String(value);
  if (element instanceof HTMLTextAreaElement) return finishText(element, text.replace(/\r\n?/g, "\n"));
  if (element instanceof HTMLInputElement) return finishText(element, text.replace(/[\r\n]+/g, " "));
  return finishEditable(element, text);
};
