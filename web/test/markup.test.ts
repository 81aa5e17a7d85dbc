import assert from "node:assert/strict";
import { test } from "node:test";
import { grow, linkAddress, parse, unwritten, type Node } from "../src/chat/markup";

/** A tree as one line: kind(children), texts in quotes. */
function told(nodes: readonly Node[]): string {
  return nodes.map(one).join(" ");
}

function one(node: Node): string {
  switch (node.kind) {
    case "text":
      return JSON.stringify(node.content);
    case "code":
      return `code${JSON.stringify(node.content)}`;
    case "fence":
      return `fence:${node.language}${JSON.stringify(node.content)}`;
    case "break":
    case "rule":
      return node.kind;
    case "link":
      return `link<${node.address}>(${told(node.children)})`;
    case "heading":
      return `h${node.level}(${told(node.children)})`;
    case "numbers":
      return `numbers:${node.start}(${told(node.children)})`;
    case "cell":
      return `${node.isHead ? "th" : "td"}:${node.align ?? ""}(${told(node.children)})`;
    default:
      return `${node.kind}(${told(node.children)})`;
  }
}

const cases: [name: string, text: string, expected: string][] = [
  ["nothing", "", ""],
  ["blank lines", "\n\n", ""],
  ["lines of a paragraph stay lines", "a\nb\n\nc", 'paragraph("a\\nb") paragraph("c")'],
  [
    "inline marks",
    "a `b` **c** *d* ~~e~~",
    'paragraph("a " code"b" " " strong("c") " " emphasis("d") " " struck("e"))',
  ],
  ["marks without a partner", "2 ** 3 ** 4, `open", 'paragraph("2 ** 3 ** 4, `open")'],
  ["marks in code", "`**no**`", 'paragraph(code"**no**")'],
  ["names with underscores", "a_b_c and __init__", 'paragraph("a_b_c and " strong("init"))'],
  [
    "a fence",
    "Look:\n```sh -x\nls\n\ncd /\n```\nDone.",
    'paragraph("Look:") fence:sh"ls\\n\\ncd /" paragraph("Done.")',
  ],
  ["a fence in a fence", "````\n```\n````", 'fence:"```"'],
  ["an open fence", "```py\nprint(", 'fence:py"print("'],
  ["indented code", "    x = 1", 'fence:"x = 1"'],
  ["headings", "# A\n### B `c`\nD\n---", 'h1("A") h3("B " code"c") h2("D")'],
  ["a rule", "a\n\n***\n", 'paragraph("a") rule'],
  ["a tight list with a list in it", "- a\n- b\n  1. c", 'bullets(item("a") item("b" numbers:1(item("c"))))'],
  ["a loose list", "3. a\n\n4. b", 'numbers:3(item(paragraph("a")) item(paragraph("b")))'],
  ["a quote", "> a\n> - b", 'quote(paragraph("a") bullets(item("b")))'],
  [
    "a table",
    "| a | b |\n|:-:|--:|\n| 1 | `2` |",
    'table(head(row(th:center("a") th:right("b"))) body(row(td:center("1") td:right(code"2"))))',
  ],
  ["a hard break", "a  \nb", 'paragraph("a" break "b")'],
  ["a link", "[a **b**](https://c.de/f)", 'paragraph(link<https://c.de/f>("a " strong("b")))'],
  ["a link by name", "[a][1]\n\n[1]: http://c.de", 'paragraph(link<http://c.de/>("a"))'],
  [
    "a bare address",
    "see https://c.de/f?g=1.",
    'paragraph("see " link<https://c.de/f?g=1>("https://c.de/f?g=1") ".")',
  ],
  ["an address by mail", "<a@b.de>", 'paragraph(link<mailto:a@b.de>("a@b.de"))'],
  [
    "names of files are no addresses",
    "run main.py, see README.md",
    'paragraph("run main.py, see README.md")',
  ],
  ["a picture is a link", "![a](https://c.de/p.png)", 'paragraph(link<https://c.de/p.png>("a"))'],
  [
    "a picture without words",
    "![](https://c.de/p.png)",
    'paragraph(link<https://c.de/p.png>("https://c.de/p.png"))',
  ],
];

for (const [name, text, expected] of cases) {
  test(`words: ${name}`, () => assert.equal(told(parse(text)), expected));
}

test("HTML is text", () => {
  for (const text of [
    "<b>x</b>",
    "<script>alert(1)</script>",
    "a <img src=x onerror=alert(1)> b",
    "<!-- x -->",
  ])
    assert.equal(told(parse(text)), `paragraph(${JSON.stringify(text)})`);
});

test("links lead to the web or to mail, and nowhere else", () => {
  for (const good of ["http://a.de/", "https://a.de/?b#c", "mailto:a@b.de"])
    assert.equal(linkAddress(good), good);
  assert.equal(linkAddress("HTTPS://A.de"), "https://a.de/");
  const bad = [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    " javascript:alert(1)",
    "&#106;avascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:http://a.de/1",
    "ftp://a.de",
    "//a.de",
    "/api/v1/sessions",
    "#x",
    "notes.txt",
    "",
    "http://",
  ];
  for (const address of bad) {
    assert.equal(linkAddress(address), undefined, address);
    for (const text of [
      `[x](<${address}>)`,
      `![x](<${address}>)`,
      `[x]: <${address}>\n\n[x]`,
      `<${address}>`,
    ])
      assert.doesNotMatch(told(parse(text)), /link<(?!https?:\/\/a\.de)/, text);
  }
});

test("a text that grows is at each moment what the whole one is", () => {
  const text = cases
    .filter(([name]) => !["a link by name", "an open fence"].includes(name))
    .map(([, part]) => part)
    .join("\n\n");
  for (const step of [1, 7, 64]) {
    let grown = unwritten;
    for (let end = step; end < text.length + step; end += step) {
      const now = text.slice(0, end);
      grown = grow(grown, now);
      assert.equal(told([...grown.closed, ...grown.open]), told(parse(now)), JSON.stringify(now.slice(-60)));
    }
    assert.ok(grown.cut > text.length / 2);
  }
});

test("what is closed of a growing text is not read again", () => {
  const first = grow(unwritten, "# A\n\nb\n\nc\n");
  const second = grow(first, "# A\n\nb\n\nc\nd");
  assert.deepEqual(second.closed, first.closed);
  assert.ok(second.closed.every((node, at) => node === first.closed[at]));
  assert.equal(told(second.closed), 'h1("A") paragraph("b")');
  // Another text, as after a retry, begins anew.
  assert.equal(told(grow(second, "x").open), 'paragraph("x")');
  assert.equal(told(grow(second, "x").closed), "");
});

test("lines may end as on other systems", () => {
  const text = "a\r\n\r\n- b\r\n- c\r\rd\n\ne";
  let grown = unwritten;
  for (let end = 1; end <= text.length; end++) grown = grow(grown, text.slice(0, end));
  assert.equal(told([...grown.closed, ...grown.open]), told(parse(text)));
});

test("a very long block is shown as it is written until it ends, and a very long text for good", () => {
  const long = "**a** ".repeat(11_000);
  const grown = grow(unwritten, `# A\n\n${long}`);
  assert.equal(told(grown.closed), 'h1("A")');
  assert.deepEqual(grown.open, [{ kind: "paragraph", children: [{ kind: "text", content: long }] }]);
  const code = "**a**\n".repeat(11_000);
  assert.deepEqual(grow(unwritten, `\`\`\`\n${code}`).open, [
    { kind: "fence", language: "", content: code.slice(0, -1) },
  ]);
  assert.match(told(grow(grown, `# A\n\n${long}\n\nb\n`).closed), /strong\("a"\)/);
  const whole = "**a** ".repeat(90_000);
  assert.deepEqual(parse(whole), [{ kind: "paragraph", children: [{ kind: "text", content: whole }] }]);
});

test("texts made to be slow or deep are read to their end", () => {
  const hostile = [
    "[".repeat(50_000),
    "![".repeat(25_000),
    "*a ".repeat(50_000),
    "**a _b ".repeat(20_000),
    "`".repeat(100_000),
    "` ``".repeat(20_000),
    ">".repeat(50_000) + "a",
    "- ".repeat(20_000) + "a",
    "<".repeat(50_000),
    "&#0;\u0000&nosuch;".repeat(5000),
    "|a".repeat(20_000) + "\n" + "|-".repeat(20_000) + "\n",
    "a@".repeat(30_000),
    "http://".repeat(10_000),
    "[a](".repeat(20_000),
  ];
  for (const text of hostile) {
    assert.ok(parse(text).length >= 0);
    grow(unwritten, text);
  }
});
