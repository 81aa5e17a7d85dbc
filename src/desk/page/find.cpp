#include "desk/page/find.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "core/text.hpp"

namespace carrel::desk::page {

namespace {

constexpr std::size_t most_words = 16;

using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 22> empty_words{
    "a",    "an",   "the",  "of", "for", "to", "in",  "on",  "at",   "and",  "or",
    "with", "that", "this", "by", "is",  "it", "all", "any", "page", "from", "element"};

struct RoleWord {
    std::string_view word;
    std::array<std::string_view, 5> roles;
};

/// What people call an element of a role.
constexpr std::array role_words{
    RoleWord{"button", {"button", "clickable", "switch", "tab"}},
    RoleWord{"link", {"link"}},
    RoleWord{"field", {"textbox", "searchbox", "spinbutton", "combobox", "date input"}},
    RoleWord{"input", {"textbox", "searchbox", "spinbutton", "file input", "date input"}},
    RoleWord{"box", {"textbox", "searchbox", "checkbox", "combobox", "listbox"}},
    RoleWord{"bar", {"searchbox", "textbox", "navigation", "toolbar", "menubar"}},
    RoleWord{"textbox", {"textbox", "searchbox"}},
    RoleWord{"textarea", {"textbox"}},
    RoleWord{"search", {"searchbox", "search"}},
    RoleWord{"dropdown", {"combobox", "listbox", "menu"}},
    RoleWord{"select", {"combobox", "listbox"}},
    RoleWord{"checkbox", {"checkbox", "switch"}},
    RoleWord{"toggle", {"switch", "checkbox", "button"}},
    RoleWord{"radio", {"radio", "radiogroup"}},
    RoleWord{"option", {"option", "radio", "menuitem"}},
    RoleWord{"slider", {"slider"}},
    RoleWord{"image", {"image", "figure"}},
    RoleWord{"picture", {"image", "figure"}},
    RoleWord{"icon", {"image", "button", "link"}},
    RoleWord{"logo", {"image", "link"}},
    RoleWord{"heading", {"heading"}},
    RoleWord{"title", {"heading"}},
    RoleWord{"headline", {"heading"}},
    RoleWord{"menu", {"menu", "menubar", "navigation", "menuitem", "combobox"}},
    RoleWord{"tab", {"tab"}},
    RoleWord{"table", {"table", "grid"}},
    RoleWord{"row", {"row"}},
    RoleWord{"cell", {"cell", "gridcell"}},
    RoleWord{"list", {"list", "listbox"}},
    RoleWord{"item", {"listitem", "menuitem", "treeitem"}},
    RoleWord{"dialog", {"dialog", "alertdialog"}},
    RoleWord{"popup", {"dialog", "alertdialog"}},
    RoleWord{"upload", {"file input"}},
    RoleWord{"file", {"file input"}},
    RoleWord{"date", {"date input", "date and time input"}},
    RoleWord{"frame", {"iframe"}},
    RoleWord{"paragraph", {"paragraph", "text"}},
    RoleWord{"text", {"text", "paragraph"}},
    RoleWord{"video", {"video"}},
};

/// Letters, digits and everything beyond ASCII make words.
Words words_of(std::string_view text) {
    Words words;
    std::string word;
    for (const char byte : core::to_lower(text)) {
        const bool is_part = static_cast<unsigned char>(byte) >= 0x80 || (byte >= 'a' && byte <= 'z') ||
                             (byte >= '0' && byte <= '9');
        if (is_part) word += byte;
        if ((!is_part || word.size() > 60) && !word.empty()) words.push_back(std::exchange(word, {}));
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

/// "shirts" and "shirt" are the same word to a reader.
bool is_nearly(std::string_view one, std::string_view other) {
    if (one.size() > other.size()) std::swap(one, other);
    return one.size() >= 3 && other.starts_with(one) && (other.size() - one.size() <= 3 || one.size() >= 5);
}

/// How well `word` is met by these words: 1 the word itself, 0 not at all.
double likeness(std::string_view word, const Words& words) {
    double best = 0;
    for (const auto& other : words) {
        if (other == word) return 1;
        if (is_nearly(word, other))
            best = std::max(best, 0.7);
        else if (word.size() >= 4 && other.contains(word))
            best = std::max(best, 0.4);
    }
    return best;
}

bool has_role(std::string_view word, std::string_view role) {
    for (const auto& row : role_words)
        if (row.word == word || (word.ends_with('s') && row.word == word.substr(0, word.size() - 1)))
            return std::ranges::find(row.roles, role) != row.roles.end();
    return word == role;
}

struct Candidate {
    Words name;
    Words rest;    ///< value, address, states
    Words around;  ///< of the named elements that it stands in, and of the heading before it
};

struct Query {
    Words words;
    std::string text;  ///< all of it, folded
};

Query parse_query(std::string_view text) {
    Query query;
    for (auto& word : words_of(text)) {
        query.text += (query.text.empty() ? "" : " ") + word;
        if (query.words.size() < most_words && std::ranges::find(empty_words, word) == empty_words.end())
            query.words.push_back(std::move(word));
    }
    if (query.words.empty()) query.words = words_of(text);
    query.words.resize(std::min(query.words.size(), most_words));
    return query;
}

void add_words(Words& to, std::string_view text, std::size_t most = 40) {
    for (auto& word : words_of(text.substr(0, 400))) {
        if (to.size() >= most) return;
        to.push_back(std::move(word));
    }
}

std::vector<Candidate> candidates_of(std::span<const PageEntry> entries) {
    std::vector<Candidate> result(entries.size());
    std::vector<std::size_t> ancestors;
    std::string_view heading;
    for (std::size_t at = 0; at < entries.size(); ++at) {
        const auto& entry = entries[at];
        while (!ancestors.empty() && entries[ancestors.back()].depth >= entry.depth) ancestors.pop_back();
        auto& candidate = result[at];
        candidate.name = words_of(entry.name);
        if (entry.value) add_words(candidate.rest, *entry.value);
        add_words(candidate.rest, entry.address);
        for (const auto& state : entry.states) add_words(candidate.rest, state);
        for (auto outer = ancestors.rbegin(); outer != ancestors.rend() && outer - ancestors.rbegin() < 6;
             ++outer)
            add_words(candidate.around, entries[*outer].name, 60);
        add_words(candidate.around, heading, 80);
        if (entry.role == "heading") heading = entry.name;
        ancestors.push_back(at);
    }
    return result;
}

/// A word that many elements have tells little.
double weight(std::string_view word, const std::vector<Candidate>& candidates) {
    std::size_t count = 0;
    for (const auto& candidate : candidates) count += likeness(word, candidate.name) > 0.6 ? 1U : 0U;
    const auto share = static_cast<double>(count + 1) / static_cast<double>(candidates.size() + 1);
    return 1 + std::min(-std::log10(share), 2.0);
}

double score(const Query& query, const std::vector<double>& weights, const PageEntry& entry,
             const Candidate& candidate) {
    double sum = 0;
    double most = 0;
    bool is_named = false;
    bool is_role = false;
    for (std::size_t i = 0; i < query.words.size(); ++i) {
        const auto& word = query.words[i];
        const double in_name = likeness(word, candidate.name);
        const double in_role = has_role(word, entry.role) ? 0.6 : 0;
        const double elsewhere =
            std::max(likeness(word, candidate.rest) * 0.5, likeness(word, candidate.around) * 0.3);
        is_named = is_named || in_name > 0 || likeness(word, candidate.rest) > 0.6;
        is_role = is_role || in_role > 0;
        sum += weights[i] * std::max({in_name, in_role, elsewhere});
        most += weights[i];
    }
    if (!is_named && !is_role) return 0;
    double result = sum / most;
    if (!is_named && query.words.size() > 1) result *= 0.5;
    // What holds much text has every word in it.
    result -= std::min(static_cast<double>(candidate.name.size()) / 400, 0.1);
    std::string name;
    for (const auto& word : candidate.name) name += (name.empty() ? "" : " ") + word;
    if (!name.empty() && name == query.text)
        result += 0.5;
    else if (query.text.size() >= 4 && name.contains(query.text))
        result += 0.25;
    return result + (entry.is_interactive ? 0.08 : 0) + (is_role ? 0.05 : 0);
}

std::string place_of(std::span<const PageEntry> entries, std::size_t at) {
    int depth = entries[at].depth;
    for (std::size_t i = at; i-- > 0 && depth > 0;) {
        const auto& outer = entries[i];
        if (outer.depth >= depth) continue;
        depth = outer.depth;
        if (!outer.name.empty() && outer.role != "iframe")
            return fmt::format("{} \"{}\"", outer.role, one_line(outer.name, 60));
    }
    return {};
}

/// Tells matches apart whose lines say the same.
void add_places(std::vector<PageMatch>& matches, std::span<const PageEntry> entries) {
    std::map<std::string, int> seen;
    const auto key = [&](const PageMatch& match) {
        return entries[match.entry].role + '\n' + entries[match.entry].name;
    };
    for (const auto& match : matches) ++seen[key(match)];
    for (auto& match : matches)
        if (seen[key(match)] > 1) match.place = place_of(entries, match.entry);
}

}  // namespace

std::vector<PageMatch> find_entries(std::string_view query_text, std::span<const PageEntry> entries,
                                    std::size_t limit) {
    const auto query = parse_query(query_text.substr(0, 1000));
    if (query.words.empty()) return {};
    const auto candidates = candidates_of(entries);
    std::vector<double> weights;
    for (const auto& word : query.words) weights.push_back(weight(word, candidates));
    std::vector<PageMatch> matches;
    std::set<int> numbers;
    for (std::size_t at = 0; at < entries.size(); ++at) {
        if (entries[at].number == 0) continue;
        const double value = score(query, weights, entries[at], candidates[at]);
        if (value >= 0.2) matches.push_back({.entry = at, .score = value, .place = {}});
    }
    std::ranges::sort(matches, [](const PageMatch& one, const PageMatch& other) {
        return one.score != other.score ? one.score > other.score : one.entry < other.entry;
    });
    // Far worse than the best is no answer to the question.
    if (!matches.empty())
        std::erase_if(matches, [least = matches.front().score * 0.45](const PageMatch& match) {
            return match.score < least;
        });
    std::erase_if(
        matches, [&](const PageMatch& match) { return !numbers.insert(entries[match.entry].number).second; });
    if (matches.size() > limit) matches.resize(limit);
    add_places(matches, entries);
    return matches;
}

}  // namespace carrel::desk::page
