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
  typing?.end();
  select(element);
  typing = watchTyping(element, text);
  return { type: text };
};
let typing;
const endTyping = () => {
  const end = typing?.end() ?? { hasArrived: false, isInFrame: false, hasStrayed: false };
  typing = undefined;
  return end;
};
const select = (element) => {
  element.focus({ preventScroll: false });
  if (typeof element.select === "function") element.select();
  else getSelection().selectAllChildren(element);
};

/** A secret is not left to where the focus is when the browser types: it is put there in one go. */
const putSecret = (element, text) => {
  select(element);
  const wish = { inputType: text ? "insertText" : "deleteContentBackward", data: text || null };
  const event = new InputEvent("beforeinput", { ...wish, bubbles: true, cancelable: true, composed: true });
  const isTaken = dom.dispatch(element, event);
  // Handlers of the page may have moved the focus.
  if (isTaken && dom.focused(dom.root(element)) === element)
    document.execCommand(text ? "insertText" : "delete", false, text);
  return tellText(element, text);
};

// Typing is slow in the browser for long texts with many lines; types whose text is not their value keep it.
const canType = (element, text) => text.length <= 20_000 && element.type !== "email";

const setText = (element, text) => {
  if (element.readOnly) return wrong("the field is read-only");
  if (element.value === text) return { value: element.type === "password" ? "(hidden)" : text };
  if (!canType(element, text)) return tellText(element, text);
  return element.type === "password" ? putSecret(element, text) : selectAll(element, text);
};

const finishText = (element, text) => {
  const { hasArrived, isInFrame, hasStrayed } = endTyping();
  if (hasStrayed) return { moved: true };
  if (hasArrived || element.value === text) return tellText(element, text);
  if (isInFrame) return { moved: true };
  assign(element, text); // the focus went elsewhere, and what was typed nowhere
  return tellText(element, text);
};

const tellText = (element, text) => {
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
  color: "a colour is written #rrggbb, or by a name that stylesheets know, and lets nothing through",
  number: "a number is wanted",
  range: "a number is wanted",
};

/** What is written as it should be, and cannot be. */
const shapes = {
  date: [/^\d{4,6}-\d\d-\d\d$/, "is no day of the calendar"],
  time: [/^\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/, "is no time of a day"],
  month: [/^\d{4,6}-\d\d$/, "is no month of the calendar"],
  week: [/^\d{4,6}-W\d\d$/, "is no week of the calendar"],
  "datetime-local": [
    /^\d{4,6}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/,
    "is no day of the calendar with a time of that day",
  ],
};
const refusal = (type, text) => {
  const [shape, what] = shapes[type] ?? [];
  return wrong(shape?.test(text) ? `${text} ${what}` : formats[type]);
};

/** A colour in any words that stylesheets know, as the field holds it: #rrggbb. Undefined for what is none. */
const colourOf = (text) => {
  const isFixed =
    CSS.supports("color", text) &&
    !/^(inherit|initial|unset|revert(-layer)?|currentcolor)$|var\(/i.test(text);
  if (!isFixed) return undefined;
  const brush = new OffscreenCanvas(1, 1).getContext("2d");
  brush.fillStyle = text;
  return /^#[0-9a-f]{6}$/.test(brush.fillStyle) ? brush.fillStyle : undefined;
};

const setFormatted = (element, wanted) => {
  if (element.readOnly) return wrong("the field is read-only");
  const text = element.type === "color" ? colourOf(wanted) : wanted;
  if (text === undefined) return wrong(formats.color);
  const before = element.value;
  element.focus();
  element.value = text;
  const isTaken = element.type === "color" ? element.value === text : element.value !== "" || text === "";
  if (!isTaken) {
    element.value = before;
    return refusal(element.type, text);
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
    options.find((option) => option.label === text || option.value === text || labelOf(option) === text) ??
    options.find((option) => fold(option.label, 1000) === fold(text, 1000)) ??
    options.find((option) => plain(option.label) === plain(text) || plain(option.value) === plain(text))
  );
};

const noOption = (select, text) => {
  const some = [...select.options]
    .slice(0, 20)
    .map((entry) => `"${fold(labelOf(entry), 60)}"`)
    .join(", ");
  return wrong(
    `there is no option "${fold(text, 100)}"; there are ${some || "none"}` +
      (select.options.length > 20 ? ", …" : ""),
  );
};
const isOff = (option) => option.disabled || dom.closest(option, "optgroup")?.disabled === true;
const offOption = (option) => wrong(`the option "${fold(labelOf(option), 100)}" is disabled`);

const chosenIn = (select) => ({
  value: fold([...select.selectedOptions].map((entry) => labelOf(entry)).join(", "), 1000),
});

const setSelect = (select, text) => {
  const option = findOption(select, text);
  if (!option) return noOption(select, text);
  return setOption(select, option, true);
};

const setOption = (select, option, isWanted) => {
  if (isOff(option)) return offOption(option);
  if (!isWanted && !select.multiple && option.selected)
    return wrong("of this list always one option is selected: select another one");
  select.focus();
  if (option.selected !== isWanted) {
    option.selected = isWanted;
    fire(select, "input", "change");
  }
  return chosenIn(select);
};

/** Exactly these options, all or none of them. */
const setOptions = (select, texts) => {
  if (!select.multiple && texts.length !== 1) return wrong("this list takes one option, not several");
  const wanted = new Set();
  for (const text of texts) {
    const option = findOption(select, String(text));
    if (!option) return noOption(select, String(text));
    if (isOff(option) && !option.selected) return offOption(option);
    wanted.add(option);
  }
  select.focus();
  const changed = [...select.options].filter(
    (option) => option.selected !== wanted.has(option) && !isOff(option),
  );
  for (const option of changed) option.selected = wanted.has(option);
  if (changed.length) fire(select, "input", "change");
  return chosenIn(select);
};

const finishEditable = (element, text) => {
  const { hasArrived, hasStrayed } = endTyping();
  if (hasStrayed) return { moved: true };
  const kept = element.innerText.replace(/\n$/, "");
  if (!hasArrived && fold(kept, 10_000) !== fold(text, 10_000)) return { moved: true };
  return { value: fold(kept, 1000), changed: fold(kept, 10_000) !== fold(text, 10_000) };
};

const isField = (element) =>
  element.isContentEditable === true ||
  ["input", "select", "textarea", "option"].includes(dom.tag(element)) ||
  widgetRoles.has(roleOf(element));
/** Of a label, or what only stands in one, its field; of something in an editable text that text. */
const fieldOf = (element) => {
  const label = isField(element) ? null : dom.closest(element, "label");
  if (label?.control) return label.control;
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
  if (Array.isArray(value) && !(element instanceof HTMLSelectElement))
    return wrong("only a list takes several values");
  const text = String(value);
  if (element instanceof HTMLSelectElement)
    return Array.isArray(value) ? setOptions(element, value) : setSelect(element, text);
  if (element instanceof HTMLOptionElement) {
    if (typeof value !== "boolean") return wrong("an option takes true or false");
    const select = dom.closest(element, "select");
    return select ? setOption(select, element, value) : wrong("the option belongs to no list");
  }
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
