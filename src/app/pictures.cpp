#include "app/pictures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "app/exit_codes.hpp"
#include "core/text.hpp"

namespace carrel::app {

namespace {

struct Ending {
    std::string_view end;
    std::string_view format;
};
constexpr std::array endings{Ending{".png", "png"}, Ending{".jpg", "jpeg"}, Ending{".jpeg", "jpeg"},
                             Ending{".webp", "webp"}};
/// Members of answers that hold pictures.
constexpr std::array<std::string_view, 3> picture_members{"image", "base64_image", "data"};
constexpr int deepest = 32;

/// The picture in base64 that the text is; its format is empty when it is none.
Picture picture_of(std::string_view text) {
    // Sixteen characters are twelve bytes, which tell.
    const auto head = core::parse_base64(text.substr(0, 16));
    const auto format = head ? format_of(*head) : std::string_view{};
    if (format.empty()) return {};
    auto bytes = core::parse_base64(text);
    return bytes ? Picture{std::string{format}, std::move(*bytes)} : Picture{};
}

class Taking {
public:
    explicit Taking(const std::string& file) : file_{file} {}

    void take(json::Value& value, int depth) {
        if (depth > deepest) return;
        if (auto* list = value.if_array())
            for (auto& each : *list) take(each, depth + 1);
        auto* object = value.if_object();
        if (!object) return;
        for (auto& member : *object)
            if (member.value().is_string() &&
                std::ranges::find(picture_members, std::string_view{member.key()}) != picture_members.end())
                replace(member.value());
            else
                take(member.value(), depth + 1);
    }

    std::vector<Picture> pictures;

private:
    void replace(json::Value& value) {
        auto picture = picture_of(std::string_view{value.as_string()});
        if (picture.format.empty()) return;
        // Some answers have one under two names.
        auto known = std::ranges::find(pictures, picture.bytes, &Picture::bytes);
        const auto number = static_cast<std::size_t>(known - pictures.begin());
        const auto where = file_.empty() ? "--picture FILE saves it" : "in " + picture_file(file_, number);
        value = fmt::format("(image/{}, {} bytes: {})", picture.format, picture.bytes.size(), where);
        if (known == pictures.end()) pictures.push_back(std::move(picture));
    }

    const std::string& file_;
};

}  // namespace

std::string_view picture_format(const std::string& file) {
    const auto end = core::to_lower(std::filesystem::path{file}.extension().string());
    const auto known = std::ranges::find(endings, end, &Ending::end);
    if (known == endings.end())
        throw UsageError{fmt::format(
            "\"{}\" must end in .png, .jpg, .jpeg or .webp, which says how the picture is written", file)};
    return known->format;
}

std::string_view format_of(std::string_view bytes) {
    if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "png";
    if (bytes.starts_with("\xff\xd8\xff")) return "jpeg";
    if (bytes.starts_with("RIFF") && bytes.substr(std::min<std::size_t>(8, bytes.size())).starts_with("WEBP"))
        return "webp";
    return {};
}

std::string picture_file(const std::string& file, std::size_t number) {
    if (number == 0) return file;
    const std::filesystem::path path{file};
    return (path.parent_path() /
            fmt::format("{}-{}{}", path.stem().string(), number + 1, path.extension().string()))
        .string();
}

std::vector<Picture> take_pictures(json::Value& answer, const std::string& file) {
    Taking taking{file};
    taking.take(answer, 0);
    return std::move(taking.pictures);
}

}  // namespace carrel::app
