// What the agent did for one message: words, thoughts, tool calls with their pictures, errors, the sum of tokens.
import { useState } from "preact/hooks";
import type { Block, ErrorBlock, ToolCall, Turn, Usage } from "../log/transcript";
import { count, duration, usageLine } from "../parts/format";
import { enlarge } from "./lightbox";
import { memo } from "./memo";
import { inputText, summarise } from "./tools";
import { Icon, Pulse } from "../parts/ui";
import { Words } from "./words";

export const TurnView = memo(function TurnView({ turn, aspect }: { turn: Turn; aspect: string }) {
  const running = turn.status === "running";
  const last = turn.blocks.length - 1;
  return (
    <article class={`turn ${turn.status}`} data-testid="turn" data-status={turn.status}>
      {turn.blocks.map((block, at) => (
        <BlockView key={at} block={block} aspect={aspect} running={running} open={running && at === last} />
      ))}
      {running && <Activity block={turn.blocks[last]} />}
      {!running && <TurnEnd turn={turn} />}
    </article>
  );
});

interface BlockProps {
  block: Block;
  aspect: string;
  /** Its turn is not over. */
  running: boolean;
  /** It is the one that still grows. */
  open: boolean;
}

const BlockView = memo(function BlockView({ block, aspect, running, open }: BlockProps) {
  switch (block.kind) {
    case "text":
      return <Words text={block.content} open={open} />;
    case "thinking":
      return <Thinking text={block.content} open={open} />;
    case "tool":
      return <Tool call={block} aspect={aspect} running={running} />;
    case "status":
      return (
        <p class="status-line" data-testid="status-line">
          <Icon name="clock" /> {block.message}
        </p>
      );
    case "error":
      return <Failure block={block} />;
  }
});

function Thinking({ text, open }: { text: string; open: boolean }) {
  return (
    <details class="thinking" data-testid="thinking">
      <summary>
        <Icon name="chevron" /> {open ? "Thinking" : "Thought"}
      </summary>
      <p>{text}</p>
    </details>
  );
}

function Tool({ call, aspect, running }: { call: ToolCall; aspect: string; running: boolean }) {
  const [open, setOpen] = useState(false);
  const { icon, label, detail } = summarise(call.tool, call.input);
  const { result } = call;
  const failed = Boolean(result?.error);
  const state = failed ? "failed" : result ? "done" : running ? "running" : "unanswered";
  return (
    <div class={`tool ${state}`} data-testid="tool-call" data-tool={call.tool} data-state={state}>
      <button type="button" class="tool-row" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={icon} />
        <span class="tool-label">{label}</span>
        <span class="tool-detail">{detail}</span>
        <span class="tool-state">{toolState(call, state)}</span>
      </button>
      {failed && !open && <p class="tool-error">{result?.error}</p>}
      {open && <ToolDetails call={call} />}
      {result?.screenshot && (
        <Picture
          src={result.screenshot}
          seq={result.seq}
          alt={`Screen after: ${label} ${detail}`}
          aspect={aspect}
        />
      )}
    </div>
  );
}

function toolState(call: ToolCall, state: string) {
  if (state === "running") return <Pulse />;
  if (state === "failed") return <Icon name="alert" />;
  if (state === "unanswered") return "not run";
  return duration(call.startedAt, call.result?.endedAt ?? "");
}

function ToolDetails({ call }: { call: ToolCall }) {
  return (
    <div class="tool-details">
      <h4>Input</h4>
      <pre tabIndex={0}>{inputText(call.input)}</pre>
      {call.result?.output && (
        <>
          <h4>Output</h4>
          <pre tabIndex={0}>{call.result.output}</pre>
        </>
      )}
      {call.result?.error && (
        <>
          <h4>Error</h4>
          <pre class="bad" tabIndex={0}>
            {call.result.error}
          </pre>
        </>
      )}
    </div>
  );
}

interface PictureProps {
  src: string;
  /** Of the result that it belongs to. */
  seq: number;
  alt: string;
  aspect: string;
}

function Picture({ src, seq, alt, aspect }: PictureProps) {
  const [missing, setMissing] = useState(false);
  if (missing) return <p class="quiet">The picture cannot be read any more.</p>;
  return (
    <button
      type="button"
      class="tool-picture"
      data-testid="tool-picture"
      title="Enlarge"
      onClick={() => enlarge(seq)}
    >
      <img
        src={src}
        alt={alt}
        loading="lazy"
        style={{ aspectRatio: aspect }}
        onError={() => setMissing(true)}
      />
    </button>
  );
}

function Failure({ block }: { block: ErrorBlock }) {
  return (
    <div class="failure" role="alert" data-testid="turn-error" data-code={block.code}>
      <Icon name="alert" />
      <p>{block.message}</p>
    </div>
  );
}

/** Shown while nothing else moves: before the first word, and between a result and the next words. */
function Activity({ block }: { block: Block | undefined }) {
  const moving = block?.kind === "tool" && !block.result;
  if (moving) return null;
  return (
    <p class="activity">
      <Pulse /> <span class="visually-hidden">Working</span>
    </p>
  );
}

const endings: Record<Exclude<Turn["status"], "running">, string> = {
  completed: "",
  cancelled: "Cancelled",
  error: "Stopped by an error",
  interrupted: "Interrupted: the server was restarted",
};

function TurnEnd({ turn }: { turn: Turn }) {
  if (turn.status === "running") return null;
  const steps = turn.blocks.filter((block) => block.kind === "tool").length;
  const parts = [
    endings[turn.status],
    steps > 0 && (steps === 1 ? "1 step" : `${count(steps)} steps`),
    duration(turn.startedAt, turn.endedAt ?? ""),
  ].filter(Boolean);
  return (
    <footer class="turn-end">
      <span>{parts.join(" · ")}</span>
      {turn.usage && usesTokens(turn.usage) && (
        <span data-testid="turn-usage" title={usageTitle(turn)}>
          {usageLine(turn.usage)}
        </span>
      )}
    </footer>
  );
}

/** False for the scripted model, which has none to count. */
function usesTokens(usage: Usage): boolean {
  return usage.input + usage.cacheRead + usage.cacheWrite + usage.output > 0;
}

function usageTitle({ usage }: Turn): string {
  if (!usage) return "";
  return `Tokens: ${usage.input} in, ${usage.cacheRead} read from cache, ${usage.cacheWrite} written to cache, ${usage.output} out`;
}
