// Light formatting of a model's words: code fences, `code` and **strong**. Pure; the page makes its own nodes
// from these pieces, so nothing in the text can become markup.

export type Piece = { kind: "prose"; spans: Span[] } | { kind: "code"; language: string; content: string };

export type Span = { kind: "plain" | "code" | "strong"; content: string };

/** Splits text at its code fences; one that is still open (streaming) runs to the end. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let prose: string[] = [];
  let fence: { mark: string; language: string; lines: string[] } | undefined;
  const endProse = () => {
    const content = prose.join("\n").replace(/^\n+|\n+$/g, "");
    if (content) found.push({ kind: "prose", spans: spans(content) });
    prose = [];
  };
  for (const line of text.split("\n")) {
    const mark = /^\s{0,3}(```+|~~~+)\s*([\w+#.-]*)\s*$/.exec(line);
    if (fence) {
      if (mark && mark[1]?.startsWith(fence.mark) && !mark[2]) {
        found.push({ kind: "code", language: fence.language, content: fence.lines.join("\n") });
        fence = undefined;
      } else {
        fence.lines.push(line);
      }
    } else if (mark) {
      endProse();
      fence = { mark: mark[1] ?? "```", language: mark[2] ?? "", lines: [] };
    } else {
      prose.push(line);
    }
  }
  if (fence) found.push({ kind: "code", language: fence.language, content: fence.lines.join("\n") });
  endProse();
  return found;
}

/** Inline `code` and **strong**; marks without their partner stay as written. */
export function spans(text: string): Span[] {
  const found: Span[] = [];
  const pattern = /`([^`\n]+)`|\*\*(?=\S)([^*\n]+?)\*\*/g;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) found.push({ kind: "plain", content: text.slice(end, match.index) });
    if (match[1] !== undefined) found.push({ kind: "code", content: match[1] });
    else found.push({ kind: "strong", content: match[2] ?? "" });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ kind: "plain", content: text.slice(end) });
  return found;
}
