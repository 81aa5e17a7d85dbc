#include "net/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <map>
#include <utility>
#include <vector>

#include "core/log.hpp"
#include "core/text.hpp"
#include "net/framing.hpp"

namespace carrel::net {

struct Router::Target {
    std::vector<std::string> names;  ///< of the pattern's parameters, in order
    std::function<Task<Response>(Request&)> handler;
    ErrorAnswer error_answer;  ///< empty: the router's
};

struct Router::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> one;                           ///< {name}
    std::unique_ptr<Node> rest;                          ///< {name...}
    std::map<std::string, Target, std::less<>> targets;  ///< by method
};

namespace {

using Values = std::vector<std::string_view>;

core::Error bad_pattern(std::string_view pattern, std::string_view why) {
    return {core::Code::internal, fmt::format("the route {} is malformed: {}", pattern, why)};
}

/// The step of a pattern's segment: "name" and kind.
struct Step {
    enum class Kind { literal, one, rest } kind;
    std::string name;
};

Step parse_step(std::string_view pattern, std::string_view segment) {
    if (!segment.starts_with('{')) {
        if (segment.find_first_of("{}") != segment.npos)
            throw bad_pattern(pattern, "a brace within a segment");
        return {Step::Kind::literal, std::string{segment}};
    }
    if (!segment.ends_with('}')) throw bad_pattern(pattern, "a brace that does not close");
    auto name = segment.substr(1, segment.size() - 2);
    const bool is_rest = name.ends_with("...");
    if (is_rest) name.remove_suffix(3);
    if (!is_token(name)) throw bad_pattern(pattern, "a parameter without a name");
    return {is_rest ? Step::Kind::rest : Step::Kind::one, std::string{name}};
}

/// The node that a path ends at, with its parameters' values (still encoded); null when there is none.
template <class Node>
const Node* find_node(const Node& node, std::string_view path, Values& values) {
    if (path.empty()) return node.targets.empty() ? nullptr : &node;
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    if (const auto place = node.literals.find(segment); place != node.literals.end())
        if (const auto* found = find_node(*place->second, path.substr(end), values)) return found;
    if (node.one && !segment.empty()) {
        values.push_back(segment);
        if (const auto* found = find_node(*node.one, path.substr(end), values)) return found;
        values.pop_back();
    }
    if (!node.rest) return nullptr;
    values.push_back(path);
    return node.rest.get();
}

/// "DELETE, GET, HEAD"
std::string allowed_methods(const auto& targets) {
    std::string allowed;
    for (const auto& [method, target] : targets) {
        allowed.append(allowed.empty() ? "" : ", ").append(method);
        if (method == "GET") allowed += ", HEAD";
    }
    return allowed;
}

}  // namespace

Router::Router(ErrorAnswer error_answer)
    : error_answer_{std::move(error_answer)}, root_{std::make_unique<Node>()} {}

Router::~Router() = default;

void Router::add(Route route) {
    if (!route.pattern.starts_with('/')) throw bad_pattern(route.pattern, "it does not begin with a slash");
    Node* node = root_.get();
    std::vector<std::string> names;
    bool after_rest = false;
    for (const auto segment : core::split(std::string_view{route.pattern}.substr(1), '/')) {
        if (after_rest) throw bad_pattern(route.pattern, "a segment follows {name...}");
        auto step = parse_step(route.pattern, segment);
        after_rest = step.kind == Step::Kind::rest;
        auto& next = step.kind == Step::Kind::literal ? node->literals[step.name]
                     : after_rest                     ? node->rest
                                                      : node->one;
        if (step.kind != Step::Kind::literal) names.push_back(std::move(step.name));
        if (!next) next = std::make_unique<Node>();
        node = next.get();
    }
    const bool is_new = node->targets
                            .try_emplace(route.method, std::move(names), std::move(route.handler),
                                         std::move(route.error_answer))
                            .second;
    if (!is_new)
        throw core::Error{core::Code::internal,
                          fmt::format("the route {} {} is added twice", route.method, route.pattern)};
}

Response Router::refuse_method(const Node& node, const Request& request) const {
    auto allowed = allowed_methods(node.targets);
    const auto own = std::ranges::find_if(
        node.targets, [](const auto& target) { return bool{target.second.error_answer}; });
    const auto& error_answer = own == node.targets.end() ? error_answer_ : own->second.error_answer;
    auto response = error_answer(
        {core::Code::invalid, fmt::format("{} is not possible here: {}", request.method, allowed),
         "method_not_allowed"},
        request);
    response.headers.set("Allow", std::move(allowed));
    return response;
}

Task<Response> Router::handle(Request& request) {
    Values values;
    const auto* node = find_node(*root_, request.path, values);
    if (node == nullptr)
        co_return error_answer_({core::Code::not_found, fmt::format("there is no {}", request.path)},
                                request);

    auto target = node->targets.find(request.method);
    if (target == node->targets.end() && request.method == "HEAD") target = node->targets.find("GET");
    if (target == node->targets.end()) co_return refuse_method(*node, request);
    // The escapes were found good when the target was set.
    for (std::size_t i = 0; i < values.size(); ++i)
        request.parameters[target->second.names[i]] = core::percent_decode(values[i]).value_or("");

    const auto& own = target->second.error_answer;
    const auto& error_answer = own ? own : error_answer_;
    std::exception_ptr unknown;
    try {
        co_return co_await target->second.handler(request);
    } catch (const core::Error& error) {
        // As it was thrown: a copy would lose what a kind of Error knows beyond its message.
        co_return error_answer(error, request);
    } catch (...) {
        unknown = std::current_exception();
    }
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none) std::rethrow_exception(unknown);
    core::log_error("request {} failed: {}", request.id, core::message_of(unknown));
    co_return error_answer({core::Code::internal, "the server failed to answer; its log says why"}, request);
}

}  // namespace carrel::net
