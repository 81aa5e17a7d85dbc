#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "app/commands/commands.hpp"
#include "app/config.hpp"
#include "core/desk_shape.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "image/build.hpp"
#include "image/builds.hpp"
#include "image/catalog.hpp"
#include "image/import.hpp"
#include "image/source.hpp"

namespace carrel::app {

namespace {

struct ImageOptions {
    std::string data = Config{}.data;
    std::string name = "desktop";
    std::string hash;
    std::string source;
    bool only_if_missing = false;
};

std::string describe(const image::Image& image) {
    return fmt::format("{} {} MiB, {} packages, made {}", short_name(image), image.size / core::mebibyte,
                       image.packages, image.created);
}

std::string describe(const image::Build& build) {
    const auto& facts = build.image.facts;
    auto text = describe(build.image);
    if (build.is_current) text += build.is_chosen ? ", current (chosen)" : ", current";
    if (!build.desks.empty())
        text += fmt::format(", used by {} desk{}", build.desks.size(), build.desks.size() == 1 ? "" : "s");
    if (!facts.below.empty())
        text += fmt::format(", on {} {:.12}", facts.below.front().image, facts.below.front().hash);
    if (!build.images.empty()) text += fmt::format(", below {}", fmt::join(build.images, ", "));
    if (!facts.has_display) text += ", no display";
    if (build.image.is_imported) text += ", imported";
    return text;
}

void say_step(std::string_view line) { std::cout << line << std::endl; }

int build(const ImageOptions& options) {
    const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
    const auto stack = image::load_stack(image::find_recipe_folder(options.name, programs), programs);
    const auto& source = stack.back();
    if (const auto found = image::find_image(options.data, source.name, source.hash);
        found && options.only_if_missing)
        return std::cout << "image is there: " << describe(*found) << "\n", 0;
    require_root("building an image makes a root file system, so it");
    core::open_log("carrel", core::Level::info);
    std::filesystem::create_directories(options.data + "/images");
    for (const auto& each : stack)
        if (const auto image = image::build_image(each, options.data, say_step); &each == &source)
            std::cout << "image: " << describe(image) << "\n";
    return 0;
}

int import(const ImageOptions& options) {
    require_root("importing an image makes a root file system, so it");
    core::open_log("carrel", core::Level::info);
    std::filesystem::create_directories(options.data + "/images");
    const auto image = image::import_image(options.source, options.name, options.data, say_step);
    std::cout << "image: " << describe(image) << "\n";
    return 0;
}

int list(const ImageOptions& options) {
    for (const auto& build : image::list_builds(options.data)) std::cout << describe(build) << "\n";
    return 0;
}

int use(const ImageOptions& options) {
    require_root("choosing an image for new desks changes root's files, so it");
    const auto used = image::use_build(options.data, options.name, options.hash);
    std::cout << fmt::format("new desks of {} get: {}\n", used.name, describe(used));
    return 0;
}

void print_removed(const std::vector<image::Image>& images) {
    for (const auto& image : images) std::cout << "removed: " << describe(image) << "\n";
}

int remove(const ImageOptions& options) {
    require_root("removing an image deletes root's files, so it");
    const auto at = options.name.find('@');
    const auto hash = at == options.name.npos ? "" : options.name.substr(at + 1);
    if (at != options.name.npos && hash.empty())
        throw core::Error{core::Code::invalid, fmt::format("'{}' has no hash after the @", options.name)};
    print_removed(image::remove_images(options.data, options.name.substr(0, at), hash));
    return 0;
}

int prune(const ImageOptions& options) {
    require_root("removing images deletes root's files, so it");
    const auto removed = image::prune_images(options.data);
    print_removed(removed);
    if (removed.empty()) std::cout << "there was nothing to remove\n";
    return 0;
}

}  // namespace

void add_image(CLI::App& program, Action& action) {
    auto* word = program.add_subcommand("image", "What desks start from");
    word->require_subcommand(1);
    auto options = std::make_shared<ImageOptions>();
    const auto add = [&](const char* name, const char* description, int (*function)(const ImageOptions&)) {
        auto* verb = word->add_subcommand(name, description);
        verb->add_option("--data", options->data, "the data directory [CARREL_DATA]")
            ->envname("CARREL_DATA")
            ->capture_default_str();
        verb->callback(
            [options, function, &action] { action = [options, function] { return function(*options); }; });
        return verb;
    };
    auto* built = add("build", "Build an image from its recipe in image/, and what it stands on", build);
    built->add_option("name", options->name, "of the recipe, or the recipe's folder (with a / in it)")
        ->capture_default_str();
    built->add_flag("--if-missing", options->only_if_missing, "do nothing when this recipe's image is there");
    auto* imported = add("import", "Make an image of a container's (needs skopeo and umoci)", import);
    imported
        ->add_option("source", options->source, "docker-archive:FILE, oci-archive:FILE, oci:PATH or dir:PATH")
        ->required();
    imported->add_option("name", options->name, "of the new image")->required();
    add("list", "List the builds of images", list);
    auto* used = add("use", "Choose the build that new desks get", use);
    used->add_option("name", options->name, "of the image")->required();
    used->add_option("hash", options->hash, "the build's first digits, or newest")->required();
    auto* removed = add("rm", "Remove an image that no desk and no other image needs", remove);
    removed->add_option("image", options->name, "NAME for all builds, NAME@HASH (first digits) for one")
        ->required();
    add("prune", "Remove the builds that nobody needs and new desks do not get", prune);
}

}  // namespace carrel::app
