// One at a time of those who ask for the same thing.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "async/gate.hpp"

namespace carrel::session {

/// Locks by name, made when somebody asks for one and gone when nobody does.
class Locks {
public:
    /// Held until the last copy is gone.
    using Held = std::shared_ptr<void>;

    explicit Locks(async::Executor executor) : executor_{std::move(executor)} {}

    /// Waits until nobody else holds it.
    async::Task<Held> hold(std::string name) {
        auto& known = (*locks_)[name];
        if (!known) known = std::make_shared<Lock>(executor_);
        const auto lock = known;
        ++lock->wanted;
        struct Wanted {
            std::shared_ptr<Lock> lock;
            ~Wanted() { --lock->wanted; }
        } const wanted{lock};
        while (lock->is_held) co_await lock->freed.wait();
        lock->is_held = true;
        co_return Held{nullptr, [locks = locks_, lock, name](std::nullptr_t) {
                           lock->is_held = false;
                           if (lock->wanted == 0) locks->erase(name);
                           lock->freed.notify_all();
                       }};
    }

private:
    struct Lock {
        explicit Lock(async::Executor executor) : freed{std::move(executor)} {}
        bool is_held = false;
        std::size_t wanted = 0;
        async::Gate freed;
    };

    async::Executor executor_;
    std::shared_ptr<std::map<std::string, std::shared_ptr<Lock>>> locks_ =
        std::make_shared<std::map<std::string, std::shared_ptr<Lock>>>();
};

}  // namespace carrel::session
