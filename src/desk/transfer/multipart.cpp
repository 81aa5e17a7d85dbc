#include "desk/transfer/multipart.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "core/text.hpp"

namespace carrel::desk::transfer {

using core::Expected;
using core::refuse;

namespace {

constexpr std::size_t longest_boundary = 70;  ///< RFC 2046 §5.1.1
constexpr std::size_t longest_preamble = 4096;
constexpr std::size_t longest_padding = 128;
constexpr std::size_t longest_head = std::size_t{16} << 10;
constexpr std::size_t most_parts = 32;
constexpr std::string_view line_end = "\r\n";

struct Parameter {
    std::string name;  ///< lower case
    std::string value;
};

/// The next `; name=value` or `; name="value"` of a header, taken off `rest`; nothing when what follows is
/// none. In quotes only \" and \\ are escapes: browsers send other backslashes of file names as they are.
std::optional<Parameter> take_parameter(std::string_view& rest) {
    auto text = core::trim(rest);
    if (!text.starts_with(';')) return std::nullopt;
    text = core::trim(text.substr(1));
    const auto equals = text.find('=');
    if (equals == text.npos) return std::nullopt;
    Parameter parameter{core::to_lower(core::trim(text.substr(0, equals))), {}};
    text.remove_prefix(equals + 1);
    if (!text.starts_with('"')) {
        const auto end = std::min(text.find(';'), text.size());
        parameter.value = core::trim(text.substr(0, end));
        rest = text.substr(end);
        return parameter;
    }
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        if (text.starts_with("\\\"") || text.starts_with("\\\\")) text.remove_prefix(1);
        parameter.value += text.front();
        text.remove_prefix(1);
    }
    if (text.empty()) return std::nullopt;
    rest = text.substr(1);
    return parameter;
}

Expected<PartHead> parse_disposition(std::string_view value) {
    const auto type = value.substr(0, value.find(';'));
    if (!core::equals_ignoring_case(core::trim(type), "form-data"))
        return refuse("a part's Content-Disposition is not form-data");
    value.remove_prefix(type.size());
    PartHead head;
    bool has_name = false;
    while (const auto parameter = take_parameter(value)) {
        if (parameter->name == "name") {
            head.name = parameter->value;
            has_name = true;
        } else if (parameter->name == "filename") {
            head.filename = parameter->value;
        }
    }
    if (!core::trim(value).empty()) return refuse("a part's Content-Disposition is malformed");
    if (!has_name) return refuse("a part's Content-Disposition has no name");
    return head;
}

Expected<PartHead> parse_head(std::string_view text) {
    std::optional<PartHead> head;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find(line_end));
        text.remove_prefix(std::min(line.size() + line_end.size(), text.size()));
        const auto colon = line.find(':');
        if (colon == line.npos || colon == 0) return refuse("a part's header line has no name");
        if (!core::equals_ignoring_case(line.substr(0, colon), "content-disposition")) continue;
        if (head) return refuse("a part has two Content-Disposition lines");
        auto parsed = parse_disposition(line.substr(colon + 1));
        if (!parsed) return std::unexpected{std::move(parsed.error())};
        head = std::move(*parsed);
    }
    if (!head) return refuse("a part has no Content-Disposition");
    return std::move(*head);
}

}  // namespace

Expected<std::string> parse_boundary(std::string_view content_type) {
    const auto type = content_type.substr(0, content_type.find(';'));
    if (!core::equals_ignoring_case(core::trim(type), "multipart/form-data"))
        return refuse("the Content-Type must be multipart/form-data");
    content_type.remove_prefix(type.size());
    while (const auto parameter = take_parameter(content_type)) {
        if (parameter->name != "boundary") continue;
        if (parameter->value.empty() || parameter->value.size() > longest_boundary)
            return refuse(fmt::format("the boundary must have 1 to {} characters", longest_boundary));
        return parameter->value;
    }
    return refuse("the Content-Type names no boundary");
}

MultipartParser::MultipartParser(std::string_view boundary, Events events)
    : delimiter_{fmt::format("\r\n--{}", boundary)}, events_{std::move(events)}, waiting_{line_end} {}

Expected<void> MultipartParser::push(std::string_view bytes) {
    waiting_ += bytes;
    while (true) {
        const auto result = step();
        if (!result) return std::unexpected{result.error()};
        if (*result == Step::needs_more) return {};
    }
}

Expected<void> MultipartParser::finish() const {
    if (state_ != State::epilogue) return refuse("the body ends before its closing boundary");
    return {};
}

Expected<MultipartParser::Step> MultipartParser::step() {
    switch (state_) {
        case State::preamble: return skip_preamble();
        case State::after_boundary: return leave_boundary();
        case State::head: return read_head();
        case State::content: return pass_content();
        case State::epilogue: waiting_.clear(); return Step::needs_more;
    }
    std::unreachable();
}

Expected<MultipartParser::Step> MultipartParser::skip_preamble() {
    const auto at = waiting_.find(delimiter_);
    const bool is_found = at != waiting_.npos;
    const auto kept = is_found ? waiting_.size() - at : std::min(waiting_.size(), delimiter_.size() - 1);
    skipped_ += waiting_.size() - kept;
    if (skipped_ > longest_preamble) return refuse("the body does not begin with its boundary");
    waiting_.erase(0, waiting_.size() - kept);
    if (!is_found) return Step::needs_more;
    waiting_.erase(0, delimiter_.size());
    state_ = State::after_boundary;
    return Step::went_on;
}

Expected<MultipartParser::Step> MultipartParser::leave_boundary() {
    if (waiting_.size() < 2) return Step::needs_more;
    if (waiting_.starts_with("--")) {
        state_ = State::epilogue;
        return Step::went_on;
    }
    const auto end = waiting_.find(line_end);
    const auto padding = std::string_view{waiting_}.substr(0, end);
    const bool may_be_padding = padding.find_first_not_of(" \t\r") == padding.npos;
    if (!may_be_padding || padding.size() > longest_padding)
        return refuse("a boundary is followed by something else than a line end");
    if (end == waiting_.npos) return Step::needs_more;
    if (++parts_ > most_parts) return refuse(fmt::format("the body has more than {} parts", most_parts));
    // The line end stays: a head without any line is then found like every other one.
    waiting_.erase(0, end);
    state_ = State::head;
    return Step::went_on;
}

Expected<MultipartParser::Step> MultipartParser::read_head() {
    const auto end = waiting_.find("\r\n\r\n");
    if (std::min(end, waiting_.size()) > longest_head)
        return refuse(fmt::format("a part's header is longer than {} bytes", longest_head));
    if (end == waiting_.npos) return Step::needs_more;
    auto head = parse_head(std::string_view{waiting_}.substr(0, end).substr(std::min<std::size_t>(2, end)));
    if (!head) return std::unexpected{std::move(head.error())};
    waiting_.erase(0, end + 4);
    events_.begin(std::move(*head));
    state_ = State::content;
    return Step::went_on;
}

/// std::string's own search stops at every CR of a content, which is every 256th byte of a picture.
std::size_t MultipartParser::find_delimiter() const {
    const auto* found = static_cast<const char*>(
        ::memmem(waiting_.data(), waiting_.size(), delimiter_.data(), delimiter_.size()));
    return found ? static_cast<std::size_t>(found - waiting_.data()) : waiting_.npos;
}

Expected<MultipartParser::Step> MultipartParser::pass_content() {
    const auto at = find_delimiter();
    if (at == waiting_.npos) {
        const auto kept = std::min(waiting_.size(), delimiter_.size() - 1);
        const auto passed = waiting_.size() - kept;
        if (passed > 0) events_.data(std::string_view{waiting_}.substr(0, passed));
        waiting_.erase(0, passed);
        return Step::needs_more;
    }
    if (at > 0) events_.data(std::string_view{waiting_}.substr(0, at));
    events_.end();
    waiting_.erase(0, at + delimiter_.size());
    state_ = State::after_boundary;
    return Step::went_on;
}

}  // namespace carrel::desk::transfer
