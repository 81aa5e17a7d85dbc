// The tour that the scripted model plays. Each step works on a fresh desk and on one where it was
// played before, and waits for what it started instead of for a time.
#include "agent/scripted/script.hpp"

namespace carrel::agent::scripted {

namespace {

using json::Object;

constexpr auto page = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>A tour of this desk</title>
<style>
  body { margin: 0; min-height: 100vh; box-sizing: border-box; padding-bottom: 5rem; display: grid;
         place-content: end center; gap: 1.2rem; text-align: center; /* low: the terminal covers the top */
         font: 1.25rem/1.5 "DejaVu Sans", sans-serif; color: #1d2a35;
         background: linear-gradient(160deg, #f3e9d2, #c6dabf 55%, #88b7b5); }
  h1 { margin: 0; font-size: 2.4rem; }
  input { font: inherit; padding: .6rem .8rem; width: 26rem; border: 2px solid #1d2a35; border-radius: .6rem; }
  output { min-height: 3rem; font-size: 2rem; color: #8c3a1f; }
</style>
<h1>Hello from this desk</h1>
<p>The agent wrote this page a moment ago. It is a file; no network is needed.</p>
<input id="box" autofocus aria-label="type here" placeholder="the agent types here">
<output id="echo"></output>
<script>
  // The title tells who waits for it what has been painted: two frames on, the first one is on the screen.
  const painted = (then) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then)));
  const box = document.getElementById("box");
  const mark = location.hash.slice(1);
  const ready = () => document.hasFocus() && painted(() => { document.title = `A tour of this desk ${mark}`; });
  box.addEventListener("input", () => {
    const text = box.value;
    document.getElementById("echo").value = text;
    painted(() => { document.title = `A tour of this desk ${mark}: ${text}`; });
  });
  box.focus();
  addEventListener("focus", ready);
  ready();
</script>
</html>
)html";

/// Defines `await_title TEXT`, which returns when the window with the keyboard has that in its title, and
/// says so when none has after half a minute.
constexpr auto await_title = R"bash(
active() { xprop -id "$(xprop -root _NET_ACTIVE_WINDOW | cut -d' ' -f5)" _NET_WM_NAME; }
await_title() {
  SECONDS=0
  until active 2>&1 | grep -qF "$1"; do
    if [ $SECONDS -gt 30 ]; then echo 'nothing of this title came' >&2; break; fi
    sleep 0.05
  done
}
)bash";

/// Starts a program and returns when its window has the keyboard, or says that none came. The window is
/// known by a number in its title, `$mark`, so that one of an earlier tour is not taken for it.
std::string open_window(std::string_view command) {
    std::string lines{await_title};
    lines += "mark=$((10000 + RANDOM))\n(setsid ";
    lines += command;
    lines += " >/dev/null 2>&1 &)\nawait_title \"$mark\"";
    return lines;
}

ScriptedCall call(std::string name, Object input = {}) { return {std::move(name), std::move(input)}; }
ScriptedCall bash(std::string command) { return call("bash", {{"command", std::move(command)}}); }

Script make_tour() {
    return {
        {.text = "Welcome! This desk is a whole Linux desktop of its own, and I am going to show you around. "
                 "First I look at the screen.",
         .thinking = "A tour: look, write a page, show it in the browser, type, use a terminal, read a file.",
         .tool_uses = {call("screenshot")}},
        {.text = "Now I write a small web page with the file editor.",
         .thinking = {},
         .tool_uses = {bash("mkdir -p ~/tour && cd ~/tour && rm -f index.html note.txt"),
                       call("str_replace_based_edit_tool", {{"command", "create"},
                                                            {"path", "/home/agent/tour/index.html"},
                                                            {"file_text", page}})}},
        {.text = "The browser opens it. Watch the desktop.",
         .thinking = {},
         .tool_uses = {bash(open_window("chromium --new-window file:///home/agent/tour/index.html#$mark")),
                       call("screenshot")}},
        {.text = "I type into the page; it repeats what I type in large letters.",
         .thinking = {},
         .tool_uses = {call("type", {{"text", "Grüße, 你好, hello!"}}), bash("await_title ', hello!'"),
                       call("screenshot")}},
        {.text = "Next, a terminal window. I type a command there that leaves a note in a file.",
         .thinking = {},
         .tool_uses =
             {bash(open_window("lxterminal --no-remote --title=\"Tour terminal $mark\" --geometry=72x14")),
              call("type", {{"text", "uname -sr; echo \"written in the terminal\" | tee ~/tour/note.txt\n"}}),
              bash("for try in $(seq 300); do [ -s ~/tour/note.txt ] && break; sleep 0.1; done"),
              call("screenshot")}},
        {.text = "And the file is really there: I look for it in the shell and read it with the editor.",
         .thinking = {},
         .tool_uses = {bash("ls -l ~/tour"),
                       call("str_replace_based_edit_tool",
                            {{"command", "view"}, {"path", "/home/agent/tour/note.txt"}}),
                       call("cursor_position")}},
        {.text =
             "That was the tour: a page written and shown in the browser, text typed into it, a terminal, a "
             "file. Everything happened on this desk alone. You can take the mouse yourself, open the file "
             "manager, or start another session: it gets a desk of its own.",
         .thinking = {},
         .tool_uses = {}},
    };
}

}  // namespace

const Script& tour() {
    static const Script script = make_tour();
    return script;
}

}  // namespace carrel::agent::scripted
