//===- FusionGroups.cpp - Which ops run as one kernel ---------------------===//
#include "FusionGroups.h"

using namespace mlir;
using namespace attune;

/// `type` is `result` or its trailing dimensions, at least the last.
static bool isRepeatedAlongLeadingDims(Type type, RankedTensorType result) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  return !shape.empty() && shape.size() <= result.getShape().size() &&
         shape == result.getShape().take_back(shape.size());
}

/// An elementwise op all of whose operands are walked as its result is.
static bool isRowwise(Operation *op) {
  if (!isa<ElementwiseOpInterface>(op) || op->getNumResults() != 1)
    return false;
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  return llvm::all_of(op->getOperandTypes(), [&](Type type) {
    return isRepeatedAlongLeadingDims(type, result);
  });
}

/// The op that has all uses of `value`, or null.
static Operation *getOnlyUser(Value value) {
  Operation *only = nullptr;
  for (Operation *user : value.getUsers()) {
    if (only && user != only)
      return nullptr;
    only = user;
  }
  return only;
}

FusionGrouping::FusionGrouping(Block &block, bool join) : block(block) {
  for (Operation &op : block)
    if (isa<KernelOpInterface>(op))
      createGroup(&op).anchor = &op;
  if (join) {
    for (FusionGroup &group : groups)
      growEpilogue(group);
    for (FusionGroup &group : groups)
      growPrologue(group);
  }
  // From the end: an op is met after the one that could take it.
  for (Operation &op : llvm::reverse(block))
    if (isa<ElementwiseOpInterface>(op) && !groupOf.contains(&op)) {
      FusionGroup &group = createGroup(&op);
      if (join && isRowwise(&op))
        takeProducers(group, &op, /*allOperands=*/true);
    }
  // What another anchor took in the end was no miss.
  missed.remove_if([&](auto &entry) { return groupOf[entry.first]->anchor; });
}

SmallVector<const FusionGroup *> FusionGrouping::getGroups() const {
  SmallVector<const FusionGroup *> result;
  for (Operation &op : block) {
    FusionGroup *group = groupOf.lookup(&op);
    if (group && group->last == &op)
      result.push_back(group);
  }
  return result;
}

FusionGroup &FusionGrouping::createGroup(Operation *op) {
  FusionGroup &group = groups.emplace_back();
  group.last = op;
  add(group, op);
  return group;
}

void FusionGrouping::add(FusionGroup &group, Operation *op) {
  group.members.push_back(op);
  groupOf[op] = &group;
}

void FusionGrouping::miss(Operation *op, std::string reason, std::string hint) {
  missed.insert({op, MissedReason{std::move(reason), std::move(hint)}});
}

void FusionGrouping::growEpilogue(FusionGroup &group) {
  auto anchor = cast<KernelOpInterface>(group.anchor);
  Type type = group.anchor->getNumResults() == 1
                  ? group.anchor->getResult(0).getType()
                  : Type();
  while (type) {
    Value value = group.last->getResult(0);
    Operation *user = getOnlyUser(value);
    if (!user) {
      for (Operation *each : value.getUsers())
        if (isa<ElementwiseOpInterface>(each) && !groupOf.contains(each))
          miss(each,
               "the result of " + quoted(group.last) + " is also used by " +
                   otherUsers(value, each),
               "let the other use read the result of " + quoted(each));
      return;
    }
    if (!isa<ElementwiseOpInterface>(user) || user->getBlock() != &block ||
        groupOf.contains(user))
      return;
    if (!anchor.acceptsEpilogue())
      return miss(user, quoted(group.anchor) + " takes no epilogue",
                  "put it behind an op that does, a linear map for instance");
    if (!isRowwise(user) || user->getResult(0).getType() != type)
      return miss(user,
                  "its operands are not walked as the result of " +
                      quoted(group.anchor) + " is",
                  "give the other operand the full shape or the trailing "
                  "dimensions of it");
    add(group, user);
    group.last = user;
    ++group.numEpilogue;
  }
}

void FusionGrouping::growPrologue(FusionGroup &group) {
  size_t before = group.members.size();
  takeProducers(group, group.anchor, /*allOperands=*/false);
  group.numPrologue = group.members.size() - before;
}

bool FusionGrouping::canTake(Operation *producer, Operation *consumer) const {
  return producer && producer->getBlock() == &block && isRowwise(producer) &&
         !groupOf.contains(producer) &&
         getOnlyUser(producer->getResult(0)) == consumer;
}

void FusionGrouping::takeProducers(FusionGroup &group, Operation *op,
                                   bool allOperands) {
  // What is taken has the shape of the operand that it stands for.
  SmallVector<Operation *> worklist;
  for (OpOperand &operand : op->getOpOperands()) {
    Operation *producer = operand.get().getDefiningOp();
    if (!producer || !isa<ElementwiseOpInterface>(producer))
      continue;
    bool accepts = allOperands
                       ? operand.get().getType() == op->getResult(0).getType()
                       : cast<KernelOpInterface>(op).acceptsPrologue(
                             operand.getOperandNumber());
    if (accepts && canTake(producer, op)) {
      add(group, producer);
      worklist.push_back(producer);
    } else if (!allOperands && !groupOf.contains(producer)) {
      std::string others = otherUsers(operand.get(), op);
      miss(producer,
           !others.empty() ? "the result is also used by " + others
           : accepts       ? "its operands are not walked as its result is"
                           : quoted(op) + " takes no prologue for operand " +
                                 std::to_string(operand.getOperandNumber()),
           "let one kernel have all uses of it, with operands of its shape");
    }
  }
  while (!worklist.empty()) {
    Operation *consumer = worklist.pop_back_val();
    Type type = consumer->getResult(0).getType();
    for (Value operand : consumer->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (operand.getType() == type && canTake(producer, consumer)) {
        add(group, producer);
        worklist.push_back(producer);
      }
    }
  }
}
