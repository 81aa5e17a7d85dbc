#include "image/builds.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/id.hpp"
#include "core/sys.hpp"
#include "json/parse.hpp"

namespace carrel::image {

namespace {

namespace fs = std::filesystem;
using core::Code;
using core::Error;

constexpr std::size_t shortest_hash = 6;
constexpr std::string_view newest_word = "newest";

/// What a desk's identity.json says of its image; a text that cannot be read counts as every build that it
/// names.
struct DeskImage {
    std::string desk;
    std::string image;
    std::string hash;
    std::string unreadable;

    bool uses(const Image& build) const {
        return unreadable.empty() ? image == build.name && hash == build.hash
                                  : unreadable.contains(build.hash);
    }
};

std::string text_member(const json::Value& value, std::string_view name) {
    const auto* object = value.if_object();
    const auto* member = object ? object->if_contains(name) : nullptr;
    const auto* text = member ? member->if_string() : nullptr;
    return text ? std::string{*text} : std::string{};
}

std::vector<DeskImage> images_of_desks(const std::string& data) {
    std::vector<DeskImage> found;
    std::error_code none;
    // Of those that live, and of those that sleep.
    for (const auto* folder : {"/desks", "/asleep"})
        for (const auto& entry : fs::directory_iterator{data + folder, none}) {
            const auto text = core::find_file_text(entry.path().string() + "/identity.json");
            if (!text) continue;
            DeskImage desk{entry.path().filename(), {}, {}, {}};
            if (const auto value = json::parse(*text)) {
                desk.image = text_member(*value, "image");
                desk.hash = text_member(*value, "image_hash");
            }
            if (desk.hash.empty()) desk.unreadable = *text;
            found.push_back(std::move(desk));
        }
    std::ranges::sort(found, {}, &DeskImage::desk);
    return found;
}

bool stands_on(const Image& upper, const Image& lower) {
    return std::ranges::find(upper.facts.below, jail::wire::Layer{lower.name, lower.hash}) !=
           upper.facts.below.end();
}

void require_hash(std::string_view hash) {
    if (hash.size() < shortest_hash)
        throw Error{Code::invalid, fmt::format("'{}' is too short for a hash; give at least {} digits", hash,
                                               shortest_hash)};
}

std::string list_of(std::string_view noun, const std::vector<std::string>& names) {
    return fmt::format("{}{} {}", noun, names.size() == 1 ? "" : "s", fmt::join(names, ", "));
}

void refuse_if_needed(const Build& build, const std::vector<const Build*>& removed) {
    const auto refuse = [&](std::string_view how, const std::string& who, std::size_t count) {
        throw Error{Code::conflict,
                    fmt::format("the image {} is {} {}; remove {} first", short_name(build.image), how, who,
                                count == 1 ? "it" : "them")};
    };
    if (!build.desks.empty()) refuse("used by", list_of("desk", build.desks), build.desks.size());
    std::vector<std::string> above;
    for (const auto& name : build.images)
        if (std::ranges::none_of(removed,
                                 [&](const Build* other) { return short_name(other->image) == name; }))
            above.push_back(name);
    if (!above.empty()) refuse("below", list_of("image", above), above.size());
}

/// Out of their places at once, then file by file.
std::vector<Image> take_away(const std::string& data, const std::vector<const Build*>& builds) {
    std::vector<Image> gone;
    for (const auto* build : builds) {
        const auto folder = fs::path{build->image.root}.parent_path();
        fs::rename(folder, folder.parent_path() / (".removed-" + core::random_hex(12)));
        gone.push_back(build->image);
    }
    sweep_images(data);
    return gone;
}

}  // namespace

std::vector<Build> list_builds(const std::string& data) {
    const auto images = list_images(data);
    const auto desks = images_of_desks(data);
    std::vector<Build> builds;
    for (const auto& image : images) {
        Build build{image,
                    find_current_build(data, image.name) == image.hash,
                    find_chosen_build(data, image.name) == image.hash,
                    {},
                    {}};
        for (const auto& desk : desks)
            if (desk.uses(image)) build.desks.push_back(desk.desk);
        for (const auto& upper : images)
            if (stands_on(upper, image)) build.images.push_back(short_name(upper));
        builds.push_back(std::move(build));
    }
    return builds;
}

Image use_build(const std::string& data, std::string_view name, std::string_view hash) {
    if (hash != newest_word) require_hash(hash);
    const auto lock = lock_images(data);
    (void)get_image(data, name);
    const auto link = fmt::format("{}/images/{}/current", data, name);
    if (hash == newest_word) {
        if (::unlink(link.c_str()) < 0 && errno != ENOENT) throw core::system_error("remove " + link, errno);
        return get_image(data, name);
    }
    auto image = get_image(data, name, hash);
    const auto draft = fmt::format("{}/images/{}/.current-{}", data, name, core::random_hex(12));
    fs::create_symlink(image.hash, draft);
    fs::rename(draft, link);
    return image;
}

std::vector<Image> remove_images(const std::string& data, std::string_view name, std::string_view hash) {
    if (!hash.empty()) require_hash(hash);
    const auto lock = lock_images(data);
    (void)get_image(data, name, hash);
    const auto builds = list_builds(data);
    std::vector<const Build*> removed;
    for (const auto& build : builds)
        if (build.image.name == name && build.image.hash.starts_with(hash)) removed.push_back(&build);
    for (const auto* build : removed) refuse_if_needed(*build, removed);
    return take_away(data, removed);
}

std::vector<const Build*> needed_builds(const std::vector<Build>& builds) {
    std::vector<const Build*> needed;
    for (const auto& build : builds)
        if (build.is_current || !build.desks.empty()) needed.push_back(&build);
    // An image names everything below it, so one round finds all.
    const auto roots = needed;
    for (const auto& build : builds)
        if (std::ranges::any_of(roots,
                                [&](const Build* upper) { return stands_on(upper->image, build.image); }) &&
            std::ranges::find(needed, &build) == needed.end())
            needed.push_back(&build);
    return needed;
}

std::vector<Image> prune_images(const std::string& data) {
    const auto lock = lock_images(data);
    const auto builds = list_builds(data);
    const auto needed = needed_builds(builds);
    std::vector<const Build*> removed;
    for (const auto& build : builds)
        if (std::ranges::find(needed, &build) == needed.end()) removed.push_back(&build);
    return take_away(data, removed);
}

}  // namespace carrel::image
