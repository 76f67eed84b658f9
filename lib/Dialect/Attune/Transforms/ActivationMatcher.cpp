//===- ActivationMatcher.cpp - Finds gated activations --------------------===//
#include "ActivationMatcher.h"

using namespace mlir;
using namespace attune;

static std::optional<size_t> findArgument(const GatedForm &form, Value x) {
  auto found = getPolynomial(form.function.getDefiningOp()->getOperand(0), x);
  if (!found)
    return std::nullopt;
  for (auto [i, wanted] : llvm::enumerate(form.arguments))
    if (llvm::all_of(llvm::zip(*found, wanted), [](auto pair) {
          return isNear(std::get<0>(pair), std::get<1>(pair));
        }))
      return i;
  return std::nullopt;
}

FailureOr<GatedMatch> attune::matchGated(const GatedForm &form,
                                         MissedReason &missed) {
  auto fail = [&](const Twine &reason, const Twine &hint) {
    missed = {reason.str(), hint.str()};
    return failure();
  };
  Type type = form.function.getType();
  if (!cast<RankedTensorType>(type).getElementType().isF32())
    return fail("the numbers are not of f32", "cast them to f32 before");

  GatedMatch match;
  MatchedOps ops;
  ops.add(form.function.getDefiningOp());
  Value value = form.function;
  double factor = 1, shift = 0;
  while (true) {
    if (!value.hasOneUse())
      return fail("the result of " + quoted(value.getDefiningOp()) +
                      " in it has another use",
                  "compute it a second time for that use");
    Operation *user = *value.user_begin();
    if (user->getNumResults() != 1 || user->getResult(0).getType() != type)
      return fail(quoted(user) + " ends the formula",
                  "multiply the gate with its input");
    Value result = user->getResult(0);
    auto product = getProduct(result);
    if (product && product->value == value) {
      factor *= product->factor;
    } else if (isa<AddOp>(user)) {
      auto number = getSplat(getOther(user, value));
      if (!number)
        return fail("'attune.add' adds no constant to the gate",
                    "multiply the gate with its input");
      shift += *number * (1 / factor);
    } else if (isa<MulOp>(user)) {
      // x itself, or a product of it with a constant.
      Value x = getOther(user, value);
      std::optional<size_t> argument;
      while (!(argument = findArgument(form, x))) {
        auto inner = getProduct(x);
        if (!inner)
          return fail("the gate is not that of what it is multiplied with: "
                      "another input, or other constants",
                      "use the constants of the activation's definition");
        ops.add(x.getDefiningOp());
        factor *= inner->factor;
        x = inner->value;
      }
      match.input = x;
      match.argument = *argument;
      match.root = user;
    } else {
      return fail(quoted(user) + " ends the formula",
                  "multiply the gate with its input");
    }
    ops.add(user);
    value = result;
    if (!match.root)
      continue;
    if (isNear(factor, form.factor))
      break;
    // The last factor may come behind the product.
    Operation *next = value.hasOneUse() ? *value.user_begin() : nullptr;
    auto last = next && next->getNumResults() == 1
                    ? getProduct(next->getResult(0))
                    : std::nullopt;
    if (last && last->value == value &&
        isNear(factor * last->factor, form.factor)) {
      match.root = next;
      ops.add(next);
      factor = form.factor;
      break;
    }
    return fail(llvm::formatv("the product is multiplied by {0} and not by {1}",
                              factor, form.factor)
                    .str(),
                "use the constants of the activation's definition");
  }
  if (!isNear(shift, form.shift))
    return fail(
        llvm::formatv("{0} is added to the gate and not {1}", shift, form.shift)
            .str(),
        "use the constants of the activation's definition");
  ops.addBetween(form.function, match.input);
  if (auto other = ops.findOtherUse(match.root))
    return fail(other->reason, other->hint);
  return match;
}
