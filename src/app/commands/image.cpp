#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "app/commands/commands.hpp"
#include "app/config.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "image/build.hpp"
#include "image/catalog.hpp"
#include "image/source.hpp"

namespace carrel::app {

namespace {

struct ImageOptions {
    std::string data = Config{}.data;
    std::string name = "desktop";
    std::string hash;
    bool only_if_missing = false;
};

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

std::string describe(const image::Image& image) {
    return fmt::format("{} {:.12} {} MiB, {} packages, made {}", image.name, image.hash, image.size / mib,
                       image.packages, image.created);
}

int build(const ImageOptions& options) {
    const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
    const auto source = image::load_source(image::find_recipe_folder(options.name, programs), programs);
    if (const auto found = image::find_image(options.data, source.name, source.hash);
        found && options.only_if_missing)
        return std::cout << "image is there: " << describe(*found) << "\n", 0;
    require_root("building an image makes a root file system, so it");
    core::open_log("carrel", core::Level::info);
    std::filesystem::create_directories(options.data + "/images");
    const auto image = image::build_image(source, options.data,
                                          [](std::string_view line) { std::cout << line << std::endl; });
    std::cout << "image: " << describe(image) << "\n";
    return 0;
}

int list(const ImageOptions& options) {
    for (const auto& image : image::list_images(options.data)) std::cout << describe(image) << "\n";
    return 0;
}

int remove(const ImageOptions& options) {
    require_root("removing an image deletes root's files, so it");
    for (const auto& image : image::remove_images(options.data, options.name, options.hash))
        std::cout << "removed: " << describe(image) << "\n";
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
    auto* built = add("build", "Build an image from its recipe in image/", build);
    built->add_option("name", options->name, "of the recipe")->capture_default_str();
    built->add_flag("--if-missing", options->only_if_missing, "do nothing when this recipe's image is there");
    add("list", "List images", list);
    auto* removed = add("rm", "Remove an image that no desk uses", remove);
    removed->add_option("name", options->name, "of the image")->required();
    removed->add_option("hash", options->hash, "its first digits; all builds of that name without it");
}

}  // namespace carrel::app
