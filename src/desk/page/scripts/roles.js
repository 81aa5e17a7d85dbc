// Roles by HTML-AAM and WAI-ARIA, as far as they help somebody who works with the page.
const tagRoles = {
  a: (element) => (dom.has(element, "href") ? "link" : ""),
  area: (element) => (dom.has(element, "href") ? "link" : ""),
  address: "group",
  article: "article",
  aside: "complementary",
  audio: "audio",
  blockquote: "blockquote",
  button: "button",
  code: "",
  datalist: "",
  dd: "definition",
  details: "group",
  dialog: "dialog",
  dt: "term",
  embed: "embed",
  fieldset: "group",
  figcaption: "caption",
  figure: "figure",
  footer: (element) => (isOfPage(element) ? "contentinfo" : ""),
  form: (element) => (hasLabel(element) ? "form" : ""),
  frame: "iframe",
  h1: "heading",
  h2: "heading",
  h3: "heading",
  h4: "heading",
  h5: "heading",
  h6: "heading",
  header: (element) => (isOfPage(element) ? "banner" : ""),
  hr: "separator",
  iframe: "iframe",
  img: (element) => (dom.attribute(element, "alt") === "" ? "" : "image"),
  input: (element) => inputRoles[element.type] ?? "textbox",
  li: "listitem",
  main: "main",
  math: "math",
  menu: "list",
  meter: "meter",
  nav: "navigation",
  object: "object",
  ol: "list",
  optgroup: "group",
  option: "option",
  output: "status",
  p: "paragraph",
  pre: "paragraph",
  progress: "progressbar",
  search: "search",
  section: (element) => (hasLabel(element) ? "region" : ""),
  select: (element) => (element.multiple || element.size > 1 ? "listbox" : "combobox"),
  summary: "button",
  svg: (element) => (hasLabel(element) || dom.query(element, "title") ? "image" : ""),
  table: "table",
  td: "cell",
  textarea: "textbox",
  th: "columnheader",
  tr: "row",
  ul: "list",
  video: "video",
};
const inputRoles = {
  button: "button",
  submit: "button",
  reset: "button",
  image: "button",
  checkbox: "checkbox",
  radio: "radio",
  range: "slider",
  number: "spinbutton",
  search: "searchbox",
  file: "file input",
  color: "color input",
  date: "date input",
  time: "time input",
  month: "month input",
  week: "week input",
  "datetime-local": "date and time input",
  hidden: "",
};
const widgetRoles = new Set(
  (
    "button checkbox combobox link listbox menuitem menuitemcheckbox menuitemradio option radio " +
    "searchbox slider spinbutton switch tab textbox treeitem gridcell scrollbar"
  ).split(" "),
);
const otherRoles = new Set(
  (
    "alert alertdialog application article banner blockquote caption cell columnheader complementary " +
    "contentinfo definition dialog document feed figure form grid group heading img image list listitem " +
    "log main marquee math menu menubar meter navigation note paragraph progressbar radiogroup region " +
    "row rowheader search separator status tablist table tabpanel term timer toolbar tooltip tree " +
    "treegrid"
  ).split(" "),
);
/** Their content is their name. */
const namedByContent = new Set(
  (
    "button cell checkbox columnheader gridcell heading link menuitem menuitemcheckbox menuitemradio " +
    "option radio row rowheader switch tab tooltip treeitem"
  ).split(" "),
);

const hasLabel = (element) => dom.has(element, "aria-label") || dom.has(element, "aria-labelledby");
const isOfPage = (element) => !dom.closest(dom.parent(element) ?? element, "article,aside,main,nav,section");

const roleOf = (element) => {
  for (const word of (dom.attribute(element, "role") ?? "").toLowerCase().split(/\s+/, 8)) {
    if (word === "none" || word === "presentation") return "";
    if (widgetRoles.has(word) || otherRoles.has(word)) return word === "img" ? "image" : word;
  }
  const entry = tagRoles[dom.tag(element)];
  return (typeof entry === "function" ? entry(element) : entry) ?? "";
};

const isEditable = (element) =>
  element.isContentEditable === true && !element.parentElement?.isContentEditable;

const isTabStop = (element) => {
  const text = dom.attribute(element, "tabindex");
  return text !== null && Number.parseInt(text, 10) >= 0;
};

/** A pointer shaped as a hand that it does not have from its parent says that it can be clicked. */
const looksClickable = (element, style) => {
  if (style.cursor !== "pointer") return false;
  const parent = shownParent(element);
  return !parent || getComputedStyle(parent).cursor !== "pointer";
};

const nativeWidgets = new Set(["button", "select", "textarea", "summary"]);
const isInteractive = (element, role, style) => {
  const tag = dom.tag(element);
  if (nativeWidgets.has(tag)) return true;
  if (tag === "input") return element.type !== "hidden";
  if (tag === "a" || tag === "area") return dom.has(element, "href") || looksClickable(element, style);
  if ((tag === "audio" || tag === "video") && element.controls) return true;
  if (widgetRoles.has(role) && tag !== "option" && role !== "gridcell") return true;
  return (
    isTabStop(element) || dom.has(element, "onclick") || isEditable(element) || looksClickable(element, style)
  );
};
