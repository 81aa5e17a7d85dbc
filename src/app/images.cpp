#include "app/images.hpp"

#include "image/catalog.hpp"

namespace carrel::app {

std::vector<api::ImageBuilds> list_image_builds(const std::string& data) {
    std::vector<api::ImageBuilds> all;
    std::string current;
    for (const auto& image : image::list_images(data)) {
        if (all.empty() || all.back().name != image.name) {
            all.push_back({image.name, {}});
            current = image::find_current_build(data, image.name).value_or(image.hash);
        }
        const auto& below = image.facts.below;
        all.back().builds.push_back({image.hash, image.created, image.size, image.facts.has_display,
                                     below.empty() ? "" : below.front().image, image.hash == current});
    }
    return all;
}

}  // namespace carrel::app
