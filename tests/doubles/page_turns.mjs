// The canned agent of page_server: what it does for the messages that tests and people send.

const cut = Symbol("cancelled");

/** What documents have, and what must not become markup or a link. */
const words = `## What I found

1. The *first* thing, with \`code\`
2. The **second** one:
   - see [the manual](https://example.org/manual?a=1)
   - or https://example.org/bare

| file | size |
|:-----|-----:|
| a.txt | 12 kB |
| b.txt | 7 kB |

> Nothing is lost.

\`\`\`sh
ls -la
\`\`\`

[run](javascript:alert(1)) [data](data:text/html,x) [own](/api/v1/sessions)
![a picture](https://example.org/p.png) <img src=x onerror="document.title='bad'"> <b>bold</b>
`;

/** Plays the turn for `content`; resolves with the status of message_complete. */
export async function playTurn(tools, message_id, content) {
  const act = makeActs(tools);
  tools.emit("message_start", { message_id, timestamp: tools.now() });
  try {
    await (turns[content] ?? turns.tour)(act);
    return content === "error" ? "error" : "completed";
  } catch (error) {
    if (error !== cut) throw error;
    return "cancelled";
  }
}

function makeActs({ emit, now, pace, paint, cancelled }) {
  let calls = 0;
  const step = async () => {
    await new Promise((resolve) => setTimeout(resolve, pace));
    if (cancelled()) throw cut;
  };
  const stream = async (event, text) => {
    for (const content of text.match(/\S+\s*|\s+/g) ?? []) {
      emit(event, { content, timestamp: now() });
      await step();
    }
  };
  const call = async (tool, input, { output = "", error, picture = true, same = false } = {}) => {
    const tool_use_id = `toolu_${++calls}`;
    emit("tool_use", { tool, input, tool_use_id, timestamp: now() });
    await step();
    const screenshot = picture ? { screenshot: paint(same) } : {};
    emit("tool_result", {
      tool_use_id,
      output,
      ...screenshot,
      ...(error ? { error } : {}),
      timestamp: now(),
    });
    await step();
  };
  const usage = (input, output, cached) =>
    emit("usage", {
      input_tokens: input,
      output_tokens: output,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: 0,
    });
  return {
    emit,
    step,
    call,
    usage,
    say: (text) => stream("text", text),
    think: (text) => stream("thinking", text),
  };
}

const turns = {
  async tour(act) {
    await act.think("The screen first, then the browser; the shell can write the file.");
    await act.say("I'll look at the screen, then open the page.");
    act.usage(1240, 96, 0);
    await act.call("screenshot", {});
    await act.call("open_browser", {
      url: "http://localhost:8000/welcome.html",
    });
    await act.call("left_click", { coordinate: [412, 380] });
    await act.call("type", { text: "Hello from the desk" });
    act.usage(310, 210, 11200);
    await act.call(
      "bash",
      { command: "cd ~/Documents\nls -la && python3 --version" },
      {
        output: "total 4\n-rw-r--r-- 1 agent agent 61 notes.txt\nPython 3.11.2",
        picture: false,
      },
    );
    await act.call(
      "str_replace_based_edit_tool",
      {
        command: "create",
        path: "/home/agent/Documents/notes.txt",
        file_text: "A note.\n",
      },
      { output: "File created.", picture: false },
    );
    await act.call(
      "left_click",
      { coordinate: [1400, 20] },
      {
        error: "The point 1400, 20 is outside of the screen, which is 1280×800.",
        picture: false,
      },
    );
    await act.say(
      "Done. The page says **welcome**, and there is a note in `notes.txt`:\n\n```sh\ncat ~/Documents/notes.txt\n```\n\n- the browser is open\n- the shell is at ~/Documents <script>alert(1)</script>",
    );
    act.usage(420, 180, 14100);
  },
  async twins(act) {
    for (const label of ["one", "two", "three"]) await act.call("type", { text: label }, { same: true });
    await act.say("Three that look alike.");
  },
  async words(act) {
    await act.say(words);
    // The turn goes on for a while, so that it can be looked at with all its words.
    for (let step = 0; step < 100; ++step) await act.step();
  },
  async error(act) {
    await act.say("Asking the model.");
    act.emit("status", {
      message: "The model is overloaded; trying again in 2 s (1 of 4).",
      retry_after: 2,
    });
    await act.step();
    act.emit("status", {
      message: "The model is overloaded; trying again in 4 s (2 of 4).",
      retry_after: 4,
    });
    await act.step();
    act.emit("error", {
      error: "The model refused the key: invalid x-api-key.",
      code: "unauthorized",
    });
  },
  async long(act) {
    for (let at = 1; at <= 20_000; at++) await act.say(`Line ${at} of a long answer.\n`);
  },
};
