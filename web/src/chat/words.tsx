// A model's words as elements: what markup.ts found in them, each kind as the element for it. The only place where its
// text becomes nodes, and all of them are made here.
import type { ComponentChildren } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { grow, parse, unwritten, type Node } from "./markup";
import { memo } from "./memo";

/** `open`: more may come. What is drawn stays the same when no more does, and with it what somebody has marked. */
export function Words({ text, open = false }: { text: string; open?: boolean }) {
  const growing = useRef(unwritten);
  const whole = useMemo(() => (open ? undefined : parse(text)), [text, open]);
  if (open && growing.current.text !== text) growing.current = grow(growing.current, text);
  const nodes = whole ?? [...growing.current.closed, ...growing.current.open];
  return <div class="words">{nodes.map(block)}</div>;
}

/** A block that is the same as before costs nothing while the next one grows. */
const Block = memo(function Block({ node }: { node: Node }) {
  return view(node);
});

function block(node: Node, at: number) {
  return <Block key={at} node={node} />;
}

const views = (nodes: readonly Node[]): ComponentChildren => nodes.map(view);

function view(node: Node): ComponentChildren {
  switch (node.kind) {
    case "text":
      return node.content;
    case "code":
      return <code>{node.content}</code>;
    case "break":
      return <br />;
    case "rule":
      return <hr />;
    case "fence":
      return (
        <pre aria-label={node.language ? `Code, ${node.language}` : "Code"} tabIndex={0}>
          <code>{node.content}</code>
        </pre>
      );
    case "strong":
      return <strong>{views(node.children)}</strong>;
    case "emphasis":
      return <em>{views(node.children)}</em>;
    case "struck":
      return <del>{views(node.children)}</del>;
    case "link":
      return (
        <a href={node.address} target="_blank" rel="noopener" title={node.address}>
          {views(node.children)}
        </a>
      );
    case "paragraph":
      return <p>{views(node.children)}</p>;
    case "quote":
      return <blockquote>{views(node.children)}</blockquote>;
    case "heading":
      return heading(node.level, views(node.children));
    case "bullets":
      return <ul>{views(node.children)}</ul>;
    case "numbers":
      return <ol start={node.start}>{views(node.children)}</ol>;
    case "item":
      return <li>{views(node.children)}</li>;
    case "table":
      return (
        <div class="table-frame" role="group" aria-label="Table" tabIndex={0}>
          <table>{views(node.children)}</table>
        </div>
      );
    case "head":
      return <thead>{views(node.children)}</thead>;
    case "body":
      return <tbody>{views(node.children)}</tbody>;
    case "row":
      return <tr>{views(node.children)}</tr>;
    case "cell":
      return cell(node.isHead, node.align ?? "", views(node.children));
  }
}

/** Below the page's own two levels. */
function heading(level: number, children: ComponentChildren) {
  if (level <= 1) return <h3>{children}</h3>;
  if (level === 2) return <h4>{children}</h4>;
  return level === 3 ? <h5>{children}</h5> : <h6>{children}</h6>;
}

function cell(isHead: boolean, align: string, children: ComponentChildren) {
  return isHead ? (
    <th scope="col" class={align}>
      {children}
    </th>
  ) : (
    <td class={align}>{children}</td>
  );
}
