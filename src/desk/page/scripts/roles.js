// Roles by HTML-AAM, SVG-AAM and WAI-ARIA as Chromium gives them; decision 0019 lists what is told otherwise.
const tagRoles = {
  a: (element) => (isLink(element) || dom.has(element, "onclick") ? "link" : ""),
  area: (element) => (dom.has(element, "href") ? "link" : ""),
  address: "group",
  article: "article",
  aside: (element) => (isPartOf(element, asideOuters) && !hasName(element) ? "" : "complementary"),
  audio: "audio",
  blockquote: "blockquote",
  button: "button",
  dd: "definition",
  details: "group",
  dfn: "term",
  dialog: "dialog",
  dl: "list",
  dt: "term",
  embed: "embed",
  fieldset: "group",
  figcaption: "caption",
  figure: "figure",
  footer: (element) => (isOfPage(element) ? "contentinfo" : ""),
  form: (element) => (hasName(element) || dom.has(element, "name") ? "form" : ""),
  frame: "iframe",
  h1: "heading",
  h2: "heading",
  h3: "heading",
  h4: "heading",
  h5: "heading",
  h6: "heading",
  header: (element) => (isOfPage(element) ? "banner" : ""),
  hgroup: "group",
  hr: "separator",
  iframe: "iframe",
  img: (element) =>
    dom.attribute(element, "alt") === "" && !hasName(element) && !isTabStop(element) ? "" : "image",
  input: (element) => (isWithList(element) ? "combobox" : (inputRoles[element.type] ?? "textbox")),
  li: (element) => (isItemOfNoList(element) ? "" : "listitem"),
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
  progress: "progressbar",
  search: "search",
  section: (element) => (hasName(element) ? "region" : ""),
  select: (element) => (element.multiple || element.size > 1 ? "listbox" : "combobox"),
  summary: (element) => (isOpener(element) ? "button" : ""),
  table: "table",
  td: (element) => cellRole(element, "cell"),
  textarea: "textbox",
  th: (element) => cellRole(element, headerRole(element)),
  tr: (element) => cellRole(element, "row"),
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
/** What is drawn is told where it has a name. */
const drawnRoles = {
  a: (element) => (isLink(element) ? "link" : ""),
  g: "group",
  text: "",
  tspan: "",
  foreignObject: "",
};

const setOf = (words) => new Set(words.split(/\s+/));
const widgetRoles = setOf(
  `button checkbox combobox link listbox menuitem menuitemcheckbox menuitemradio option radio
   searchbox slider spinbutton switch tab textbox treeitem gridcell scrollbar`,
);
const otherRoles = setOf(
  `alert alertdialog application article banner blockquote caption cell columnheader complementary
   contentinfo definition dialog document feed figure form grid group heading image list listitem
   log main marquee math menu menubar meter navigation note paragraph progressbar radiogroup region
   row rowheader search separator status tablist table tabpanel term timer toolbar tooltip tree treegrid`,
);
/** Parts of a text, and of what is told anyhow: a page says them, and nobody works with them. */
const quietRoles = setOf(
  `code comment deletion emphasis generic insertion mark rowgroup sectionfooter sectionheader strong
   subscript suggestion superscript time`,
);
const sameRoles = {
  img: "image",
  directory: "list",
  "graphics-document": "document",
  "graphics-object": "group",
  "graphics-symbol": "image",
};
/** Their content is their name. */
const namedByContent = setOf(
  `button cell checkbox columnheader gridcell heading link menuitem menuitemcheckbox menuitemradio
   option radio rowheader switch tab term tooltip treeitem`,
);
/** A role that is none outside of these. */
const rolesInside = {
  option: "[role~=listbox],select",
  treeitem: "[role~=tree]",
  listitem: "[role~=list],[role~=directory],ul,ol,menu",
};
const asideOuters =
  "article,aside,nav,section,[role=article],[role=complementary],[role=navigation],[role=region]";
/** Who says something of an element by these does not mean it to be nothing. */
const saying = `atomic busy controls current describedby description details dropeffect flowto grabbed
  keyshortcuts label labelledby live owns relevant roledescription`
  .split(/\s+/)
  .map((word) => "aria-" + word);

const isTag = (node, tag) => node instanceof Element && dom.tag(node) === tag;
const isLink = (element) => dom.has(element, "href") || dom.has(element, "xlink:href");
const isPartOf = (element, selector) => {
  let at = dom.parent(element);
  for (let roots = 0; at && roots < 20; ++roots) {
    if (at instanceof Element && dom.closest(at, selector)) return true;
    const root = dom.root(at);
    at = root instanceof ShadowRoot ? root.host : null;
  }
  return false;
};
/** What opens details is their first summary. */
const isOpener = (summary) => {
  const parent = dom.parent(summary);
  return isTag(parent, "details") && dom.query(parent, ":scope > summary") === summary;
};
const isOfPage = (element) => !dom.closest(dom.parent(element) ?? element, "article,aside,main,nav,section");
const hasWords = (element, name) => (dom.attribute(element, name) ?? "").trim() !== "";
/** Whether its author gave it a name. Of what it refers to only what is there and holds something counts. */
const hasName = (element) =>
  hasWords(element, "aria-label") || hasWords(element, "title") || labellersOf(element).some(holdsWords);
const holdsWords = (element) =>
  dom.childNodes(element).length > 0 ||
  ["aria-label", "alt", "title", "value"].some((name) => hasWords(element, name));
const isWithList = (input) =>
  dom.has(input, "list") &&
  ["text", "search", "url", "tel", "email"].includes(input.type) &&
  input.list !== null;

const isItemOfNoList = (item) => {
  const parent = shownParent(item);
  if (!parent || !["ul", "ol", "menu"].includes(dom.tag(parent))) return false;
  const word = (dom.attribute(parent, "role") ?? "").trim().toLowerCase();
  return word !== "" && word !== "list" && word !== "directory";
};

const cellRole = (cell, role) => {
  const table = dom.closest(cell, "table");
  const kind = table ? roleOf(table) : "table";
  if (kind === "table") return role;
  if (kind !== "grid" && kind !== "treegrid") return "";
  return role === "cell" ? "gridcell" : role;
};

const headerRole = (header) => {
  const scope = dom.attribute(header, "scope")?.toLowerCase() ?? "";
  if (scope.startsWith("row")) return "rowheader";
  if (scope.startsWith("col")) return "columnheader";
  const isBeside = isTag(header.previousElementSibling, "td") || isTag(header.nextElementSibling, "td");
  return isBeside ? "rowheader" : "columnheader";
};

const drawnRole = (element, tag) => {
  const entry = drawnRoles[tag];
  if (typeof entry === "function") return entry(element);
  if (entry === "" || (!hasName(element) && !drawnTitle(element))) return "";
  return entry ?? "image";
};
const drawnTitle = (element) => {
  for (let at = element.firstElementChild; at; at = at.nextElementSibling)
    if (dom.tag(at) === "title") return at;
  return null;
};

const nativeRole = (element) => {
  const tag = dom.tag(element);
  if (element instanceof SVGElement) return drawnRole(element, tag);
  const entry = tagRoles[tag];
  const role = typeof entry === "function" ? entry(element) : entry;
  return role ?? (dom.has(element, "popover") ? "group" : "");
};

/** Neither what can have the keyboard nor what is spoken about can be made nothing. */
const isMoreThanNothing = (element) =>
  element.tabIndex >= 0 || dom.has(element, "tabindex") || saying.some((name) => dom.has(element, name));

/** The role that a word of the attribute gives; undefined when it gives none here. */
const roleByWord = (element, word) => {
  if (word === "none" || word === "presentation") return isMoreThanNothing(element) ? undefined : "";
  if (quietRoles.has(word) || word.startsWith("doc-")) return "";
  const role = sameRoles[word] ?? word;
  if (!widgetRoles.has(role) && !otherRoles.has(role)) return undefined;
  if (word in rolesInside && !isPartOf(element, rolesInside[word])) return undefined;
  if ((role === "region" || role === "form") && !hasName(element)) return undefined;
  if (role === "cell" && isPartOf(element, "[role=grid],[role=treegrid]")) return "gridcell";
  return role;
};

const roleOf = (element) => {
  const words = dom.attribute(element, "role");
  if (words)
    for (const word of words.trim().toLowerCase().split(/\s+/, 8)) {
      const role = roleByWord(element, word);
      if (role !== undefined) return role;
    }
  return nativeRole(element);
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

const nativeWidgets = new Set(["button", "select", "textarea"]);
const isInteractive = (element, role, style) => {
  const tag = dom.tag(element);
  if (nativeWidgets.has(tag) || (tag === "summary" && role !== "")) return true;
  if (tag === "input") return element.type !== "hidden";
  if (tag === "a" || tag === "area")
    return (
      isLink(element) || isTabStop(element) || dom.has(element, "onclick") || looksClickable(element, style)
    );
  if ((tag === "audio" || tag === "video") && element.controls) return true;
  if (widgetRoles.has(role) && tag !== "option" && role !== "gridcell") return true;
  return (
    isTabStop(element) || dom.has(element, "onclick") || isEditable(element) || looksClickable(element, style)
  );
};
