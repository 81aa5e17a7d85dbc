#include "image/catalog.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/id.hpp"
#include "core/log.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "image/source.hpp"
#include "json/fields.hpp"

namespace carrel::image {

namespace {

namespace fs = std::filesystem;
using core::Code;
using core::Error;

constexpr std::size_t hash_length = 64;
constexpr std::size_t shortest_hash = 6;

/// image.json as it lies on the disk.
struct Description {
    std::string name, hash, created;
    std::int64_t size = 0, packages = 0;
};

const json::Shape<Description>& description_shape() {
    using json::field;
    static const json::Shape<Description> shape{
        field("name", &Description::name, "of the image"),
        field("hash", &Description::hash, "of its source"),
        field("created", &Description::created, "when, RFC 3339"),
        field("size", &Description::size, "bytes on disk"),
        field("packages", &Description::packages, "how many"),
    };
    return shape;
}

bool is_hash(std::string_view text) {
    return text.size() == hash_length && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string images_of(const std::string& data) { return data + "/images"; }

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{folder, none}) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
}

std::optional<Image> read_image(const std::string& folder) {
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
    return Image{std::move(description->name),
                 std::move(description->hash),
                 folder + "/root",
                 std::move(description->created),
                 static_cast<std::uint64_t>(description->size),
                 static_cast<std::uint64_t>(description->packages)};
}

void check_name(std::string_view name) {
    if (!is_image_name(name))
        throw Error{Code::invalid,
                    fmt::format("'{}' cannot be an image's name: use lower case letters, digits, "
                                "- and _",
                                name)};
}

std::vector<Image> matching(const std::string& data, std::string_view name, std::string_view hash) {
    check_name(name);
    std::vector<Image> found;
    for (auto& image : list_images(data))
        if (image.name == name && image.hash.starts_with(hash)) found.push_back(std::move(image));
    return found;
}

void refuse_if_used(const std::string& data, const Image& image) {
    const auto users = desks_that_use(data, image);
    if (users.empty()) return;
    throw Error{Code::conflict, fmt::format("the image {} {} is used by {} {}; remove {} first", image.name,
                                            image.hash.substr(0, 12), users.size() == 1 ? "desk" : "desks",
                                            fmt::join(users, ", "), users.size() == 1 ? "it" : "them")};
}

}  // namespace

std::vector<Image> list_images(const std::string& data) {
    std::vector<Image> images;
    for (const auto& name : names_in(images_of(data))) {
        if (!is_image_name(name)) continue;
        for (const auto& hash : names_in(images_of(data) + "/" + name))
            if (is_hash(hash))
                if (auto image = read_image(fmt::format("{}/{}/{}", images_of(data), name, hash)))
                    images.push_back(std::move(*image));
    }
    std::ranges::sort(images, [](const Image& left, const Image& right) {
        return left.name != right.name ? left.name < right.name : left.created > right.created;
    });
    return images;
}

std::optional<Image> find_image(const std::string& data, std::string_view name, std::string_view hash) {
    auto found = matching(data, name, hash);
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
}

Image get_image(const std::string& data, std::string_view name, std::string_view hash) {
    if (auto image = find_image(data, name, hash)) return std::move(*image);
    throw Error{Code::not_found,
                fmt::format("there is no image {}{}{} in {}; make it with 'carrel image build {}'", name,
                            hash.empty() ? "" : " ", hash, images_of(data), name)};
}

std::vector<std::string> desks_that_use(const std::string& data, const Image& image) {
    std::vector<std::string> users;
    for (const auto& id : names_in(data + "/desks")) {
        const auto identity = core::find_file_text(fmt::format("{}/desks/{}/identity.json", data, id));
        if (identity && identity->contains(image.hash)) users.push_back(id);
    }
    return users;
}

std::vector<Image> remove_images(const std::string& data, std::string_view name, std::string_view hash) {
    if (!hash.empty() && hash.size() < shortest_hash)
        throw Error{Code::invalid, fmt::format("'{}' is too short for a hash; give at least {} digits", hash,
                                               shortest_hash)};
    const auto lock = lock_images(data);
    auto images = matching(data, name, hash);
    if (images.empty()) (void)get_image(data, name, hash);
    for (const auto& image : images) refuse_if_used(data, image);
    for (const auto& image : images) {
        const auto folder = fs::path{image.root}.parent_path();
        fs::rename(folder, folder.parent_path() / (".removed-" + core::random_hex(12)));
    }
    sweep_images(data);
    return images;
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
        if (!is_image_name(name) || !fs::is_directory(fs::symlink_status(folder))) continue;
        for (const auto& entry : names_in(folder))
            if (entry.starts_with(".")) fs::remove_all(fs::path{folder} / entry);
        // Only an empty one goes.
        ::rmdir(folder.c_str());
    }
}

void write_description(const std::string& folder, const Image& image) {
    const json::Object description{{"name", image.name},
                                   {"hash", image.hash},
                                   {"created", image.created},
                                   {"size", image.size},
                                   {"packages", image.packages}};
    core::replace_file(folder + "/image.json", json::to_text(description) + "\n", 0644);
}

}  // namespace carrel::image
