// What is told once, such as a key or a link: a field to read it in, and a button that copies it. It is kept nowhere
// else.
import { useRef, useState } from "preact/hooks";
import { Icon } from "./ui";

export function Secret(props: { label: string; value: string; testid: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState<boolean | undefined>();
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(props.value);
      setCopied(true);
    } catch {
      // The old way, which is the only one on a page that came by plain HTTP from another computer.
      setCopied(document.execCommand("copy"));
    }
  };
  return (
    <div class="field secret">
      <span>{props.label}</span>
      <div class="secret-line">
        <input
          ref={field}
          readOnly
          spellcheck={false}
          autocomplete="off"
          aria-label={props.label}
          data-testid={props.testid}
          value={props.value}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" class="button" data-testid={`copy-${props.testid}`} onClick={() => void copy()}>
          <Icon name={copied ? "check" : "clipboard"} />
          {copied ? "Copied" : "Copy"}
        </button>
      </div>
      <small class="quiet" role="status">
        {copied === false
          ? "The browser does not let this page copy: copy the field by hand."
          : "It is shown this once."}
      </small>
    </div>
  );
}
