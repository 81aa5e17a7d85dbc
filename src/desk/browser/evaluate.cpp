#include "desk/browser/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace carrel::desk::browser {

namespace {

using core::Code;
using core::Error;
using std::chrono::milliseconds;

/// Beyond V8's own counting of a script that does not pause.
constexpr milliseconds evaluation_grace{500};
constexpr milliseconds frame_patience{2'000};
constexpr auto object_group = "carrel-evaluate";

Error too_late(milliseconds limit) {
    return {Code::timeout, fmt::format("the script did not end within {} ms", limit.count()),
            "script_timeout"};
}

Task<json::Value> call_in(cdp::Tab& tab, const std::string& session, std::string method, json::Object params,
                          milliseconds limit) {
    try {
        co_return co_await tab.call_frame(session, std::move(method), std::move(params),
                                          limit + evaluation_grace);
    } catch (const Error& error) {
        // V8 has ended it, in its own words.
        const bool is_ended = error.message().contains("Execution was terminated") ||
                              error.message().contains("Internal error");
        if (error.reason() == "page_busy" || (error.reason() == "cdp_refused" && is_ended))
            throw too_late(limit);
        if (error.reason() == "cdp_refused" && error.message().contains("reference chain is too long"))
            throw Error{Code::conflict,
                        "the value is no plain data (it is too deep, or a part of the page): return texts, "
                        "numbers, lists and objects",
                        "script_failed"};
        throw;
    }
}

/// A frame and the session that it is driven in.
struct Frame {
    std::string id;
    std::string session;
};

bool is_meant(const json::Value& frame, std::string_view wanted) {
    return json::text_or(frame, "id") == wanted || json::text_or(frame, "name") == wanted ||
           json::text_or(frame, "url").contains(wanted);
}

/// The first frame of a tree that is meant, below its root; the root itself when `with_root`.
std::optional<std::string> find_frame(const json::Value& tree, std::string_view wanted, bool with_root) {
    const auto* frame = json::find(tree, "frame");
    if (with_root && frame && is_meant(*frame, wanted)) return std::string{json::text_or(*frame, "id")};
    if (const auto* children = json::find(tree, "childFrames"); children && children->is_array())
        for (const auto& child : children->get_array())
            if (auto found = find_frame(child, wanted, true)) return found;
    return std::nullopt;
}

struct Looked {
    json::Value tree;
    bool is_silent = false;
};

/// Nothing of a frame that does not answer, or is gone: another one may be meant.
Task<Looked> get_tree(cdp::Tab& tab, std::string session, async::Duration left) {
    if (session == tab.session()) co_return Looked{co_await tab.call("Page.getFrameTree", {}, left)};
    bool is_silent = false;
    try {
        co_return Looked{co_await tab.call_frame(session, "Page.getFrameTree", {},
                                                 std::min<async::Duration>(frame_patience, left))};
    } catch (const Error& error) {
        is_silent = error.reason() == "page_busy";
        if (!is_silent && error.reason() != "frame_gone") throw;
    }
    co_return Looked{{}, is_silent};
}

Task<Frame> get_frame(cdp::Tab& tab, std::string wanted, milliseconds limit) {
    // A time that is short for the script is none for what comes before it.
    const auto end = std::chrono::steady_clock::now() + std::max(limit, frame_patience);
    bool is_any_silent = false;
    std::vector<std::string> sessions{tab.session()};
    for (const auto& remote : tab.remote_frames()) sessions.push_back(remote.session);
    for (const auto& session : sessions) {
        const auto left = end - std::chrono::steady_clock::now();
        if (left <= left.zero()) {
            is_any_silent = true;
            break;
        }
        const auto looked = co_await get_tree(tab, session, left);
        is_any_silent = is_any_silent || looked.is_silent;
        const auto* tree = json::find(looked.tree, "frameTree");
        if (!tree) continue;
        if (auto id = find_frame(*tree, wanted, session != tab.session())) co_return Frame{*id, session};
    }
    if (is_any_silent)
        throw Error{
            Code::timeout,
            fmt::format("no frame \"{}\" was found, but not every frame of the page has answered", wanted),
            "page_busy"};
    throw Error{Code::conflict, fmt::format("the page has no frame \"{}\"", wanted), "no_such_frame"};
}

/// An object of the frame's own world: scripts that are called on it run there.
Task<std::string> get_document(cdp::Tab& tab, const Frame& frame) {
    const auto world = co_await tab.call_frame(frame.session, "Page.createIsolatedWorld",
                                               {{"frameId", frame.id}, {"worldName", "carrel"}});
    const auto* context = json::find(world, "executionContextId");
    const auto ours = co_await tab.call_frame(
        frame.session, "Runtime.evaluate",
        {{"expression", "document"}, {"contextId", context ? *context : json::Value(0)}});
    const auto* object = json::find(ours, "result");
    const auto node = co_await tab.call_frame(
        frame.session, "DOM.describeNode",
        {{"objectId", object ? json::text_or(*object, "objectId") : std::string_view{}}});
    const auto* described = json::find(node, "node");
    const auto* id = described ? json::find(*described, "backendNodeId") : nullptr;
    const auto pages = co_await tab.call_frame(frame.session, "DOM.resolveNode",
                                               {{"backendNodeId", id ? *id : json::Value(0)}});
    const auto* resolved = json::find(pages, "object");
    co_return std::string{resolved ? json::text_or(*resolved, "objectId") : std::string_view{}};
}

/// In the console's way: "await" may stand anywhere, and "let" twice. Values come by their names first,
/// because the console's way awaits no promise.
Task<Evaluated> evaluate_in_tab(cdp::Tab& tab, std::string expression, milliseconds limit) {
    const auto session = tab.session();
    co_return read_evaluated(co_await call_in(tab, session, "Runtime.evaluate",
                                              {{"expression", std::move(expression)},
                                               {"objectGroup", object_group},
                                               {"replMode", true},
                                               {"userGesture", true},
                                               {"timeout", limit.count()}},
                                              limit));
}

/// The value itself of one that has only a name yet.
Task<Evaluated> fetch_value(cdp::Tab& tab, Evaluated named, milliseconds limit) {
    const auto session = tab.session();
    const bool is_promise = named.kind == Evaluated::Kind::promise;
    json::Object params{{"returnByValue", true}};
    params[is_promise ? "promiseObjectId" : "objectId"] = named.object;
    if (!is_promise) {
        const bool is_function = named.kind == Evaluated::Kind::function;
        params["functionDeclaration"] =
            is_function ? "function() { return this(); }" : "function() { return this; }";
        params["awaitPromise"] = true;
        params["userGesture"] = true;
    }
    const auto* method = is_promise ? "Runtime.awaitPromise" : "Runtime.callFunctionOn";
    co_return read_evaluated(co_await call_in(tab, session, method, std::move(params), limit));
}

Task<Evaluated> evaluate_in_frame(cdp::Tab& tab, const Frame& frame, std::string function,
                                  milliseconds limit) {
    const auto document = co_await get_document(tab, frame);
    co_return read_evaluated(co_await call_in(tab, frame.session, "Runtime.callFunctionOn",
                                              {{"functionDeclaration", std::move(function)},
                                               {"objectId", document},
                                               {"awaitPromise", true},
                                               {"returnByValue", true},
                                               {"userGesture", true}},
                                              limit));
}

json::Value value_or_throw(Evaluated evaluated) {
    if (evaluated.exception) {
        if (evaluated.exception->contains("Execution was terminated"))
            throw Error{Code::timeout, "the script did not end in time", "script_timeout"};
        throw Error{Code::conflict, *evaluated.exception, "script_failed"};
    }
    return std::move(evaluated.value);
}

bool is_syntax_error(const Evaluated& evaluated) {
    return evaluated.exception && evaluated.exception->starts_with("SyntaxError");
}

}  // namespace

namespace {

Evaluated::Kind kind_of(const json::Value& result) {
    if (json::text_or(result, "type") == "function") return Evaluated::Kind::function;
    return json::text_or(result, "subtype") == "promise" ? Evaluated::Kind::promise : Evaluated::Kind::object;
}

}  // namespace

Evaluated read_evaluated(const json::Value& answer) {
    Evaluated evaluated;
    if (const auto* details = json::find(answer, "exceptionDetails"))
        evaluated.exception = cdp::describe_exception(*details);
    const auto* result = json::find(answer, "result");
    if (!result) return evaluated;
    evaluated.object = json::text_or(*result, "objectId");
    if (!evaluated.object.empty()) evaluated.kind = kind_of(*result);
    if (const auto* value = json::find(*result, "value"))
        evaluated.value = *value;
    else if (const auto text = json::text_or(*result, "unserializableValue"); !text.empty())
        evaluated.value = text;
    return evaluated;
}

bool needs_function(std::string_view exception) {
    return exception.starts_with("SyntaxError: Illegal return statement");
}

bool needs_brackets(std::string_view exception) {
    return exception.starts_with("SyntaxError: Function statements require a function name");
}

Task<json::Value> evaluate(cdp::Tab& tab, std::string script, std::optional<std::string> frame,
                           milliseconds limit) {
    Evaluated evaluated;
    if (frame) {
        const auto place = co_await get_frame(tab, std::move(*frame), limit);
        evaluated =
            co_await evaluate_in_frame(tab, place, "async function() { return (" + script + "\n); }", limit);
        // What cannot be read has not run.
        if (is_syntax_error(evaluated))
            evaluated =
                co_await evaluate_in_frame(tab, place, "async function() { " + script + "\n }", limit);
        co_return value_or_throw(std::move(evaluated));
    }
    evaluated = co_await evaluate_in_tab(tab, script, limit);
    // What cannot be read has not run, so it may be read in another way.
    if (evaluated.exception && needs_function(*evaluated.exception))
        evaluated = co_await evaluate_in_tab(tab, "(async () => {" + script + "\n})()", limit);
    else if (evaluated.exception && needs_brackets(*evaluated.exception))
        evaluated = co_await evaluate_in_tab(tab, "(" + script + "\n)", limit);
    if (evaluated.exception || evaluated.kind == Evaluated::Kind::plain)
        co_return value_or_throw(std::move(evaluated));
    evaluated = co_await fetch_value(tab, std::move(evaluated), limit);
    tab.post("Runtime.releaseObjectGroup", {{"objectGroup", object_group}});
    co_return value_or_throw(std::move(evaluated));
}

}  // namespace carrel::desk::browser
