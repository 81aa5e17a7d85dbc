#include "ops/observe.hpp"

#include "ops/fields.hpp"

namespace carrel::ops {

using json::field;
using json::Field;
using json::Shape;

const Shape<Point>& point_shape() {
    static const Shape<Point> shape{field("x", &Point::x, "column of the screen, from 0 at the left"),
                                    field("y", &Point::y, "row of the screen, from 0 at the top")};
    return shape;
}

const Shape<Nothing>& nothing_shape() {
    static const Shape<Nothing> shape{std::vector<Field<Nothing>>{}};
    return shape;
}

}  // namespace carrel::ops
