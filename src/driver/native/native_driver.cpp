#include "driver/native/native_driver.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/log.hpp"
#include "core/sys.hpp"
#include "driver/native/jail_words.hpp"
#include "driver/native/native_desk.hpp"
#include "image/catalog.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::driver::native {

namespace {

using core::Code;
using core::Error;

fleet::Capabilities capabilities_of(const jail::wire::Answer& doctor) {
    fleet::Capabilities capabilities{.driver = "native",
                                     .can_start = true,
                                     .has_internet = doctor.find("internet") == "yes",
                                     .can_freeze = doctor.find("freezer") == "yes",
                                     .warnings = {}};
    for (const auto& [key, value] : doctor.fields)
        if (key == "warning") capabilities.warnings.push_back(value);
    return capabilities;
}

std::string steps_of(const jail::wire::Answer& answer) {
    std::string text;
    for (const auto& [key, value] : answer.fields)
        if (key.starts_with("took.")) text += fmt::format(" {} {}", key.substr(5), value);
    return text;
}

/// Why who listens at the endpoint is not the desk, by the kernel's word (SO_PEERCRED); empty when it is.
std::string why_not_its_socket(const std::string& path, std::uint64_t uid) {
    const core::Fd socket{
        core::checked("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
        if (errno == ECONNREFUSED || errno == ENOENT)
            return fmt::format("nobody listens at its endpoint: {}", core::describe_errno(errno));
        // Somebody does, who is too busy to be asked who it is (EAGAIN: its queue is full, unix(7)).
        throw core::system_error("reach its endpoint", errno);
    }
    ucred peer{};
    socklen_t size = sizeof peer;
    core::checked("ask for the peer", ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size));
    if (peer.uid != uid) return fmt::format("its endpoint belongs to uid {}, not {}", peer.uid, uid);
    return {};
}

}  // namespace

jail::wire::Spec jail_spec(const fleet::DeskSpec& spec, std::string image_hash) {
    const auto& shape = spec.shape;
    return {.id = spec.id,
            .slot = spec.reservation,
            .image = shape.image,
            .image_hash = std::move(image_hash),
            .nonce = spec.nonce,
            .width = static_cast<std::uint32_t>(shape.width),
            .height = static_cast<std::uint32_t>(shape.height),
            .network = jail_network(shape.network),
            .limits = jail_limits(shape.limits),
            .workspace = spec.workspace ? std::optional{jail_workspace(*spec.workspace)} : std::nullopt,
            .has_kept_files = spec.has_kept_files};
}

NativeDriver::NativeDriver(async::Executor executor, core::Fd socket, std::string data)
    : executor_{executor},
      data_{std::move(data)},
      logs_{data_ + "/logs"},
      jail_{executor, std::move(socket)} {
    const auto doctor = jail_.ask_now(jail::wire::Doctor{}).answer;
    program_ = doctor.find("desk_hash").value_or("");
    capabilities_ = capabilities_of(doctor);
}

Task<std::unique_ptr<fleet::Desk>> NativeDriver::start(fleet::DeskSpec spec) {
    auto build = jail::wire::is_image_name(spec.shape.image)
                     ? image::find_current_build(data_, spec.shape.image)
                     : std::nullopt;
    // Of kept files the jail knows on which build they stand.
    if (!build && spec.has_kept_files) build = std::string(64, '0');
    if (!build) throw image::no_image(data_, spec.shape.image);
    auto judged = core::value_or_throw(jail::wire::judge(jail_spec(spec, std::move(*build))));
    auto reply = co_await jail_.ask(jail::wire::Start{std::move(judged)});
    core::log_debug("{} took, in microseconds:{}", spec.id, steps_of(reply.answer));
    co_return std::make_unique<NativeDesk>(executor_, jail_, std::move(reply), endpoint_of(spec.id));
}

Task<fleet::OnHost> NativeDriver::list() {
    const auto reply = co_await jail_.ask(jail::wire::List{});
    fleet::OnHost found;
    for (const auto& [id, state] : reply.answer.fields)
        (state == "asleep" ? found.asleep : found.desks).push_back(id);
    co_return found;
}

Task<fleet::Adoption> NativeDriver::adopt(std::string id) {
    fleet::Adoption adoption{.id = id, .nonce = {}, .desk = {}, .why_not = {}};
    try {
        auto reply = co_await jail_.ask(jail::wire::Adopt{id});
        adoption.nonce = reply.answer.find("nonce").value_or("");
        adoption.why_not =
            why_not_its_socket(endpoint_of(id), reply.answer.get_number("uid_base") + jail::wire::agent);
        if (adoption.why_not.empty())
            adoption.desk = std::make_unique<NativeDesk>(executor_, jail_, std::move(reply), endpoint_of(id));
    } catch (const Error& error) {
        // The jail's verdicts on the desk and on its identity's file; anything else says nothing of them.
        if (error.code() != Code::not_found && error.code() != Code::conflict &&
            error.code() != Code::invalid)
            throw;
        adoption.why_not = error.message();
    }
    co_return adoption;
}

bool NativeDriver::is_current(const fleet::Desk& desk) {
    const auto& native = dynamic_cast<const NativeDesk&>(desk);
    return native.program() == program_ && native.build() == image::find_current_build(data_, native.image());
}

Task<> NativeDriver::remove(std::string id) { co_await jail_.ask(jail::wire::Stop{std::move(id)}); }

Task<> NativeDriver::put_to_sleep(std::string id) {
    co_await jail_.ask(jail::wire::Stop{.id = std::move(id), .keeps_files = true});
}

}  // namespace carrel::driver::native
