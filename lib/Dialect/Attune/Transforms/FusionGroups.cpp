//===- FusionGroups.cpp - Which ops run as one kernel ---------------------===//
#include "FusionGroups.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace attune;

/// Ops of a group without an anchor: enough for what decomposed graphs have
/// between anchors, few enough for code that is compiled quickly.
static constexpr size_t kMaxMembers = 24;
/// Operations an element from which on it matters whether code is vectors.
static constexpr int64_t kManyFlops = 5;

/// `type` is `result` or its trailing dimensions, at least the last.
static bool isRepeatedAlongLeadingDims(Type type, RankedTensorType result) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  return !shape.empty() && shape.size() <= result.getShape().size() &&
         shape == result.getShape().take_back(shape.size());
}

static bool isF32(Type type) {
  return cast<RankedTensorType>(type).getElementType().isF32();
}

/// A constant, or another cheap op without operands: better computed again than
/// stored.
static bool isFree(Operation *op) {
  auto indexed = dyn_cast_or_null<IndexedOpInterface>(op);
  return indexed && op->getNumOperands() == 0 && indexed.isCheap();
}

static bool isSplat(Value value) {
  DenseElementsAttr constant;
  return matchPattern(value, m_Constant(&constant)) && constant.isSplat();
}

/// An elementwise op on f32 all of whose operands are walked as its result is,
/// or are the same everywhere.
static bool isRowwise(Operation *op) {
  if (!isa<ElementwiseOpInterface>(op) || op->getNumResults() != 1)
    return false;
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  return isF32(result) && llvm::all_of(op->getOperands(), [&](Value value) {
           return isF32(value.getType()) &&
                  (isSplat(value) ||
                   isRepeatedAlongLeadingDims(value.getType(), result));
         });
}

/// An op that runs in groups without an anchor.
static bool isElement(Operation *op) {
  if (!op || op->getNumResults() != 1)
    return false;
  if (isa<ElementwiseOpInterface>(op))
    return true;
  // Extents of symbols are the plan's.
  auto indexed = dyn_cast<IndexedOpInterface>(op);
  return indexed && (op->getNumOperands() || indexed.isCheap());
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

/// The anchor that computes a head map where it reads the results, or null.
static Operation *getReader(Operation *op) {
  if (!isa<HeadMapOpInterface>(op))
    return nullptr;
  Operation *reader = nullptr;
  for (OpOperand &use : op->getUses()) {
    auto anchor = dyn_cast<KernelOpInterface>(use.getOwner());
    if (!anchor || (reader && reader != anchor) ||
        anchor->getBlock() != op->getBlock() ||
        !anchor.acceptsHeadMap(use.getOperandNumber()))
      return nullptr;
    reader = anchor;
  }
  return reader;
}

FusionGrouping::FusionGrouping(Block &block, bool join) : block(block) {
  for (Operation &op : block)
    if (isa<KernelOpInterface>(op) && !(join && getReader(&op)))
      createGroup(&op).anchor = &op;
  if (join) {
    for (Operation &op : block)
      if (isa<HeadMapOpInterface>(op) && groupOf.contains(&op))
        missReader(&op);
    for (FusionGroup &group : groups)
      growEpilogue(group);
    for (FusionGroup &group : groups)
      growPrologue(group);
  }
  // From the end: an op is met after the one that could take it.
  for (Operation &op : llvm::reverse(block))
    if (isElement(&op) && !isFree(&op) && !groupOf.contains(&op)) {
      FusionGroup &group = createGroup(&op);
      if (join)
        growGroup(group);
    }
  // What another anchor took in the end was no miss.
  missed.remove_if([&](auto &entry) {
    Operation *anchor = groupOf[entry.first]->anchor;
    return anchor && anchor != entry.first;
  });
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
  if (auto elementwise = dyn_cast<ElementwiseOpInterface>(op))
    group.computes |= elementwise.getFlopsPerElement() >= kManyFlops;
  else if (auto indexed = dyn_cast<IndexedOpInterface>(op))
    group.moves |= !indexed.isCheap();
}

void FusionGrouping::miss(Operation *op, std::string reason, std::string hint) {
  missed.insert({op, MissedReason{std::move(reason), std::move(hint)}});
}

void FusionGrouping::missReader(Operation *map) {
  for (OpOperand &use : map->getUses()) {
    Operation *user = use.getOwner();
    auto anchor = dyn_cast<KernelOpInterface>(user);
    if (!anchor || !anchor.acceptsHeadMap(use.getOperandNumber()))
      continue;
    std::string others;
    for (Value result : map->getResults())
      if (others.empty())
        others = otherUsers(result, user);
    return miss(map,
                others.empty()
                    ? quoted(user) + " reads it as another operand, too"
                    : "the result is also used by " + others,
                "let one op read the features, as queries and keys alone");
  }
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
  for (Value operand : group.anchor->getOperands())
    if (Operation *map = operand.getDefiningOp();
        map && !groupOf.contains(map) && getReader(map) == group.anchor)
      add(group, map);
  takeProducers(group, group.anchor);
  group.numPrologue = group.members.size() - before;
}

bool FusionGrouping::canTake(Operation *producer, Operation *consumer) const {
  return producer && producer->getBlock() == &block && isRowwise(producer) &&
         !groupOf.contains(producer) &&
         getOnlyUser(producer->getResult(0)) == consumer;
}

void FusionGrouping::takeProducers(FusionGroup &group, Operation *op) {
  // What is taken has the shape of the operand that it stands for.
  SmallVector<Operation *> worklist;
  for (OpOperand &operand : op->getOpOperands()) {
    Operation *producer = operand.get().getDefiningOp();
    if (!producer || !isa<ElementwiseOpInterface>(producer))
      continue;
    bool accepts =
        cast<KernelOpInterface>(op).acceptsPrologue(operand.getOperandNumber());
    if (accepts && canTake(producer, op)) {
      add(group, producer);
      worklist.push_back(producer);
    } else if (!groupOf.contains(producer)) {
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

/// Whether `user` reads each element of an operand once.
static bool readsOnce(OpOperand &operand) {
  Operation *user = operand.getOwner();
  if (auto indexed = dyn_cast<IndexedOpInterface>(user))
    return operand.get().hasOneUse() &&
           indexed.readsOnce(operand.getOperandNumber());
  return cast<RankedTensorType>(operand.get().getType()).getShape() ==
         cast<RankedTensorType>(user->getResult(0).getType()).getShape();
}

/// Whether `user` needs dynamic extents of an operand, which only operands of a
/// kernel have.
static bool needsExtents(OpOperand &operand) {
  auto indexed = dyn_cast<IndexedOpInterface>(operand.getOwner());
  auto type = cast<RankedTensorType>(operand.get().getType());
  return indexed &&
         llvm::any_of(llvm::seq<int64_t>(0, type.getRank()), [&](int64_t dim) {
           return type.isDynamicDim(dim) &&
                  indexed.readsExtent(operand.getOperandNumber(), dim);
         });
}

bool FusionGrouping::canJoin(const FusionGroup &group,
                             OpOperand &operand) const {
  Operation *producer = operand.get().getDefiningOp();
  if (!isElement(producer) || isFree(producer) ||
      producer->getBlock() != &block || groupOf.contains(producer) ||
      group.members.size() >= kMaxMembers ||
      getOnlyUser(operand.get()) != operand.getOwner() || needsExtents(operand))
    return false;
  auto indexed = dyn_cast<IndexedOpInterface>(producer);
  if (!readsOnce(operand) && !(indexed && indexed.isCheap()))
    return false;
  bool moves = group.moves, computes = group.computes;
  if (indexed)
    moves |= !indexed.isCheap();
  else
    computes |= cast<ElementwiseOpInterface>(producer).getFlopsPerElement() >=
                kManyFlops;
  return !(moves && computes);
}

void FusionGrouping::growGroup(FusionGroup &group) {
  for (size_t i = 0; i < group.members.size(); ++i)
    for (OpOperand &operand : group.members[i]->getOpOperands())
      if (canJoin(group, operand))
        add(group, operand.get().getDefiningOp());
}

bool FusionGrouping::isCloned(OpOperand &operand) const {
  Operation *producer = operand.get().getDefiningOp();
  FusionGroup *group = groupOf.lookup(operand.getOwner());
  if (!isFree(producer) || !group || needsExtents(operand))
    return false;
  if (!group->anchor)
    return true;
  return operand.getOwner() != group->anchor &&
         isF32(operand.get().getType()) && isSplat(operand.get());
}

SmallVector<FusionGroup> FusionGrouping::getStored() const {
  SmallVector<FusionGroup> stored;
  for (Operation &op : block)
    if (isFree(&op) && llvm::any_of(op.getUses(), [&](OpOperand &use) {
          return !isCloned(use);
        })) {
      FusionGroup &group = stored.emplace_back();
      group.last = &op;
      group.members.push_back(&op);
    }
  return stored;
}
