#include "jail/wire/image.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail::wire {

namespace {

constexpr std::size_t longest_image_name = 32;
constexpr std::string_view no_display = "display none";

core::Expected<Layer> parse_layer(std::string_view line) {
    const auto words = core::words_of(line);
    if (words.size() != 3 || words[0] != "layer")
        return core::refuse(fmt::format("'{:.80}' is no fact of an image", line));
    if (!is_image_name(words[1]) || !is_hex(words[2], 64))
        return core::refuse(fmt::format("'{:.120}' names no build of an image", line));
    return Layer{std::string{words[1]}, std::string{words[2]}};
}

}  // namespace

bool is_image_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_image_name && name.front() != '-' &&
           std::ranges::all_of(
               name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

core::Expected<ImageFacts> parse_image_facts(std::string_view text) {
    ImageFacts facts;
    for (const auto line : core::split(text, '\n')) {
        if (line.empty()) continue;
        if (line == no_display) {
            facts.has_display = false;
            continue;
        }
        auto layer = parse_layer(line);
        if (!layer) return std::unexpected{layer.error()};
        if (std::ranges::find(facts.below, *layer) != facts.below.end())
            return core::refuse(fmt::format("the layer {} {:.12} stands twice", layer->image, layer->hash));
        facts.below.push_back(std::move(*layer));
    }
    if (facts.below.size() > most_layers_below)
        return core::refuse(fmt::format("{} layers lie below the image, but at most {} may",
                                        facts.below.size(), most_layers_below));
    return facts;
}

std::string format_image_facts(const ImageFacts& facts) {
    std::string text;
    if (!facts.has_display) text += fmt::format("{}\n", no_display);
    for (const auto& layer : facts.below) text += fmt::format("layer {} {}\n", layer.image, layer.hash);
    return text;
}

}  // namespace carrel::jail::wire
