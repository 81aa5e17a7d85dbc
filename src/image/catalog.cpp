#include "image/catalog.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "core/deletion.hpp"
#include "core/id.hpp"
#include "core/log.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/wire/spec.hpp"
#include "json/fields.hpp"

namespace carrel::image {

namespace {

namespace fs = std::filesystem;
using core::Code;
using core::Error;

/// image.json as it lies on the disk.
struct Description {
    std::string name, hash, created;
    std::int64_t size = 0, packages = 0;
    bool imported = false;
};

const json::Shape<Description>& description_shape() {
    using json::field;
    static const json::Shape<Description> shape{
        field("name", &Description::name, "of the image"),
        field("hash", &Description::hash, "of its source"),
        field("created", &Description::created, "when, RFC 3339"),
        field("size", &Description::size, "bytes on disk"),
        field("packages", &Description::packages, "how many"),
        field("imported", &Description::imported, "whether it was").with_default(),
    };
    return shape;
}

std::string images_of(const std::string& data) { return data + "/images"; }

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{folder, none}) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
}

std::optional<Image> parse_image(const std::string& folder) {
    const auto text = core::find_file_text(folder + "/image.json");
    const auto value = text ? json::parse(*text) : core::refuse("it is missing");
    if (!value) {
        core::log_warning("{}/image.json: {}", folder, value.error().message());
        return std::nullopt;
    }
    auto description = description_shape().decode(*value);
    if (!description) {
        const auto& problem = description.error().front();
        core::log_warning("{}/image.json: {}: {}", folder, fmt::join(problem.path, "."), problem.message);
        return std::nullopt;
    }
    auto facts = jail::wire::parse_image_facts(core::find_file_text(folder + "/facts").value_or(""));
    if (!facts) {
        core::log_warning("{}/facts: {}", folder, facts.error().message());
        return std::nullopt;
    }
    return Image{std::move(description->name),
                 std::move(description->hash),
                 folder + "/root",
                 std::move(description->created),
                 static_cast<std::uint64_t>(description->size),
                 static_cast<std::uint64_t>(description->packages),
                 *std::move(facts),
                 description->imported};
}

std::optional<Image> read_image(const std::string& folder) {
    try {
        return parse_image(folder);
    } catch (const Error& error) {
        core::log_warning("{}", error.message());
        return std::nullopt;
    }
}

void check_name(std::string_view name) {
    if (!jail::wire::is_image_name(name))
        throw Error{Code::invalid,
                    fmt::format("'{}' cannot be an image's name: use 1 to 32 of a-z, 0-9 and -", name)};
}

/// The newest first.
std::vector<Image> builds_of(const std::string& data, const std::string& name) {
    std::vector<Image> builds;
    for (const auto& hash : names_in(images_of(data) + "/" + name))
        if (jail::wire::is_hex(hash, 64))
            if (auto image = read_image(fmt::format("{}/{}/{}", images_of(data), name, hash)))
                builds.push_back(std::move(*image));
    std::ranges::sort(builds, [](const Image& left, const Image& right) {
        return std::tie(left.created, left.hash) > std::tie(right.created, right.hash);
    });
    return builds;
}

}  // namespace

std::string short_name(const Image& image) { return fmt::format("{} {:.12}", image.name, image.hash); }

std::vector<Image> list_images(const std::string& data) {
    std::vector<Image> images;
    for (const auto& name : names_in(images_of(data)))
        if (jail::wire::is_image_name(name))
            std::ranges::move(builds_of(data, name), std::back_inserter(images));
    return images;
}

std::optional<std::string> find_chosen_build(const std::string& data, std::string_view name) {
    std::error_code none;
    const auto folder = fmt::format("{}/{}", images_of(data), name);
    const auto hash = fs::read_symlink(folder + "/current", none).string();
    if (none || !jail::wire::is_hex(hash, 64) || !fs::exists(folder + "/" + hash + "/root"))
        return std::nullopt;
    return hash;
}

std::optional<std::string> find_current_build(const std::string& data, std::string_view name) {
    check_name(name);
    if (auto chosen = find_chosen_build(data, name)) return chosen;
    const auto folder = fmt::format("{}/{}", images_of(data), name);
    std::optional<std::string> newest;
    timespec newest_time{};
    for (const auto& hash : names_in(folder)) {
        struct stat status{};
        const auto build = folder + "/" + hash;
        if (!jail::wire::is_hex(hash, 64) || ::access((build + "/root").c_str(), F_OK) < 0 ||
            ::stat(build.c_str(), &status) < 0)
            continue;
        const auto time = status.st_mtim;
        if (newest &&
            std::pair{time.tv_sec, time.tv_nsec} < std::pair{newest_time.tv_sec, newest_time.tv_nsec})
            continue;
        newest = hash;
        newest_time = time;
    }
    return newest;
}

std::optional<Image> find_image(const std::string& data, std::string_view name, std::string_view hash) {
    check_name(name);
    const auto current = hash.empty() ? find_current_build(data, name) : std::nullopt;
    const std::string_view wanted = current ? *current : hash;
    for (auto& image : builds_of(data, std::string{name}))
        if (image.hash.starts_with(wanted)) return std::move(image);
    return std::nullopt;
}

Image get_image(const std::string& data, std::string_view name, std::string_view hash) {
    if (auto image = find_image(data, name, hash)) return std::move(*image);
    throw Error{Code::not_found,
                fmt::format("there is no image {}{}{} in {}; make it with 'carrel image build {}'", name,
                            hash.empty() ? "" : " ", hash, images_of(data), name)};
}

core::Error no_image(const std::string& data, std::string_view name) {
    std::vector<std::string> names;
    for (const auto& each : names_in(images_of(data)))
        if (jail::wire::is_image_name(each) && find_current_build(data, each)) names.push_back(each);
    if (names.empty())
        return {Code::unavailable,
                fmt::format("there is no image '{0}': build it with `carrel image build {0}`", name),
                "no_image"};
    return {Code::invalid,
            fmt::format("there is no image '{0}', but {1}; `carrel image build {0}` makes what has a recipe",
                        name, fmt::join(names, ", ")),
            "no_image"};
}

core::Fd lock_images(const std::string& data) {
    const auto folder = images_of(data);
    fs::create_directories(folder);
    const auto path = folder + "/.lock";
    auto lock = core::open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK) throw core::system_error("lock " + path, errno);
        throw Error{Code::conflict, fmt::format("another image is being built or removed in {} (process {})",
                                                folder, core::trim(core::read_file(path)))};
    }
    core::checked("truncate " + path, ::ftruncate(lock.get(), 0));
    core::write_all(lock.get(), fmt::format("{}\n", ::getpid()));
    return lock;
}

void sweep_images(const std::string& data) {
    for (const auto& name : names_in(images_of(data))) {
        const auto folder = images_of(data) + "/" + name;
        if (!jail::wire::is_image_name(name) || !fs::is_directory(fs::symlink_status(folder))) continue;
        for (const auto& entry : names_in(folder))
            if (entry.starts_with(".") && !core::delete_path(folder + "/" + entry))
                core::log_warning("{}/{} could not be deleted", folder, entry);
        // A choice of what is gone. Only an empty folder goes.
        if (!find_chosen_build(data, name)) ::unlink((folder + "/current").c_str());
        ::rmdir(folder.c_str());
    }
}

void write_description(const std::string& folder, const Image& image) {
    const json::Object description{{"name", image.name},         {"hash", image.hash},
                                   {"created", image.created},   {"size", image.size},
                                   {"packages", image.packages}, {"imported", image.is_imported}};
    core::replace_file(folder + "/facts", jail::wire::format_image_facts(image.facts), 0644);
    core::replace_file(folder + "/image.json", json::to_text(description) + "\n", 0644);
}

}  // namespace carrel::image
