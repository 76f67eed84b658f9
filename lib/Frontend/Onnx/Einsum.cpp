//===- Einsum.cpp - Sums of products by labels ----------------------------===//
//
// Operands are contracted from the left to the right: each pair becomes one
// matrix product whose batch dimensions are the labels that both have and that
// are still needed, and whose inner dimension those that are not.
//
//===----------------------------------------------------------------------===//
#include "NeuralOps.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace attune;

namespace {

/// One label a dimension. Those of an ellipsis are the letters from 128 on,
/// counted from the last dimension.
using Labels = std::string;

struct Term {
  Value value;
  Labels labels;
};

class Einsum {
public:
  explicit Einsum(NodeImporter &node) : node(node), b(node.builder()) {}
  llvm::Error run();

private:
  llvm::Error parse(StringRef equation);
  /// "ab...": labels of a tensor of that rank.
  llvm::Expected<Labels> labelsOf(StringRef text, int64_t rank);
  Term takeDiagonals(Term term);
  Term sumUnneeded(Term term, const Labels &needed);
  Term contract(Term lhs, Term rhs, const Labels &needed);
  /// The dimensions in the order of `order`; those that it lacks have extent 1.
  Value arrange(const Term &term, const Labels &order);
  DimExpr extentOf(const Term &term, char label) {
    return b.shape(term.value)[term.labels.find(label)];
  }

  NodeImporter &node;
  GraphBuilder &b;
  std::vector<Term> terms;
  Labels output;
  size_t ellipsis = 0; // most dimensions that one stands for
};

char ellipsisLabel(size_t fromLast) {
  return static_cast<char>(128 + fromLast);
}

bool has(const Labels &labels, char label) {
  return labels.find(label) != Labels::npos;
}

llvm::Expected<Labels> Einsum::labelsOf(StringRef text, int64_t rank) {
  Labels labels;
  size_t letters = llvm::count_if(text, llvm::isAlpha);
  while (!text.empty()) {
    if (text.consume_front("...")) {
      if (static_cast<int64_t>(letters) > rank || rank > 32)
        return node.error("more labels than dimensions in the equation");
      size_t count = rank - letters;
      ellipsis = std::max(ellipsis, count);
      for (size_t i = count; i-- > 0;)
        labels += ellipsisLabel(i);
      continue;
    }
    if (!llvm::isAlpha(text.front()))
      return node.error("expected letters and '...' in the equation");
    labels += text.front();
    text = text.drop_front();
  }
  if (static_cast<int64_t>(labels.size()) != rank)
    return node.error("expected as many labels in the equation as the operand "
                      "has dimensions, found " +
                      Twine(labels.size()) + " for " + Twine(rank));
  return labels;
}

llvm::Error Einsum::parse(StringRef equation) {
  std::string compact;
  for (char c : equation)
    if (c != ' ')
      compact += c;
  auto [left, right] = StringRef(compact).split("->");
  bool isExplicit = StringRef(compact).contains("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != node.numInputs())
    return node.error("the equation '" + equation + "' is of " +
                      Twine(parts.size()) + " operands, the node has " +
                      Twine(node.numInputs()));
  for (auto [i, part] : llvm::enumerate(parts)) {
    if (!node.hasInput(i))
      return node.error("an operand is left out");
    llvm::Expected<Labels> labels = labelsOf(part, node.rank(i));
    if (!labels)
      return labels.takeError();
    terms.push_back({node.value(i), *labels});
  }
  if (isExplicit) {
    size_t letters = llvm::count_if(right, llvm::isAlpha);
    bool hasEllipsis = right.contains("...");
    llvm::Expected<Labels> labels =
        labelsOf(right, letters + (hasEllipsis ? ellipsis : 0));
    if (!labels)
      return labels.takeError();
    output = *labels;
  } else {
    // What occurs once, in alphabetical order, behind the ellipsis.
    for (size_t i = ellipsis; i-- > 0;)
      output += ellipsisLabel(i);
    for (int c = 'A'; c <= 'z'; ++c) {
      int64_t uses = 0;
      for (const Term &term : terms)
        uses += llvm::count(term.labels, static_cast<char>(c));
      if (uses == 1)
        output += static_cast<char>(c);
    }
  }
  for (char label : output) {
    if (llvm::count(output, label) > 1)
      return node.error("a label is twice in the result of '" + equation + "'");
    if (llvm::none_of(
            terms, [&](const Term &term) { return has(term.labels, label); }))
      return node.error("a label of the result of '" + equation +
                        "' is in no operand");
  }
  return llvm::Error::success();
}

/// A label that a term has twice stands for its diagonal.
Term Einsum::takeDiagonals(Term term) {
  for (size_t i = 0; i < term.labels.size(); ++i) {
    size_t j = term.labels.find(term.labels[i], i + 1);
    if (j == Labels::npos)
      continue;
    // The two dimensions go last and become one, of which every n+1-th element
    // is on the diagonal.
    int64_t rank = b.rank(term.value);
    SmallVector<int64_t> order;
    for (int64_t d = 0; d < rank; ++d)
      if (d != static_cast<int64_t>(i) && d != static_cast<int64_t>(j))
        order.push_back(d);
    order.push_back(i);
    order.push_back(j);
    Labels labels;
    for (int64_t d : ArrayRef(order).drop_back())
      labels += term.labels[d];
    SymbolicShape shape = b.shape(b.transpose(term.value, order));
    std::optional<int64_t> extent = shape.back().getConstant();
    if (!extent || shape[rank - 2] != shape.back()) {
      b.fail("a diagonal of a matrix that is not square, or of dynamic extent");
      return term;
    }
    SymbolicShape flat(shape.begin(), shape.end() - 2);
    flat.push_back(*extent * *extent);
    Value value = b.reshape(b.transpose(term.value, order), flat);
    term = {b.slice(value, rank - 2, 0, *extent, *extent + 1), labels};
    i = static_cast<size_t>(-1);
  }
  return term;
}

Term Einsum::sumUnneeded(Term term, const Labels &needed) {
  SmallVector<int64_t> gone;
  Labels labels;
  for (auto [d, label] : llvm::enumerate(term.labels)) {
    if (has(needed, label))
      labels += label;
    else
      gone.push_back(d);
  }
  return {b.reduce(ReduceKind::sum, term.value, gone, false), labels};
}

Value Einsum::arrange(const Term &term, const Labels &order) {
  SmallVector<int64_t> permutation, added;
  for (auto [d, label] : llvm::enumerate(order)) {
    size_t at = term.labels.find(label);
    if (at == Labels::npos)
      added.push_back(d);
    else
      permutation.push_back(at);
  }
  Value moved = b.transpose(term.value, permutation);
  return added.empty() ? moved : b.unsqueeze(moved, added);
}

Term Einsum::contract(Term lhs, Term rhs, const Labels &needed) {
  // What only one of them has and nobody needs is summed up before.
  lhs = sumUnneeded(lhs, needed + rhs.labels);
  rhs = sumUnneeded(rhs, needed + lhs.labels);
  Labels batch, inner, rows, columns;
  for (char label : lhs.labels)
    (!has(rhs.labels, label) ? rows
     : has(needed, label)    ? batch
                             : inner) += label;
  for (char label : rhs.labels)
    if (!has(lhs.labels, label))
      columns += label;
  if (inner.empty()) {
    Labels all = batch + rows + columns;
    return {b.mul(arrange(lhs, all), arrange(rhs, all)), all};
  }
  auto toMatrix = [&](const Term &term, const Labels &outer) {
    Value moved = arrange(term, batch + outer + inner);
    SymbolicShape shape = b.shape(moved);
    SymbolicShape matrix(shape.begin(), shape.begin() + batch.size());
    ArrayRef<DimExpr> rest = ArrayRef(shape).drop_front(batch.size());
    matrix.push_back(getNumElements(rest.take_front(outer.size())));
    matrix.push_back(getNumElements(rest.drop_front(outer.size())));
    return b.reshape(moved, matrix);
  };
  SymbolicShape outer;
  for (char label : rows)
    outer.push_back(extentOf(lhs, label));
  for (char label : columns)
    outer.push_back(extentOf(rhs, label));
  Value product = b.matmul(toMatrix(lhs, rows), toMatrix(rhs, columns), true);
  if (b.failed())
    return lhs;
  SymbolicShape shape = b.shape(product);
  shape.resize(batch.size());
  shape.append(outer.begin(), outer.end());
  return {b.reshape(product, shape), batch + rows + columns};
}

llvm::Error Einsum::run() {
  if (llvm::Error problem = parse(node.string("equation", "")))
    return problem;
  for (Term &term : terms)
    term = takeDiagonals(term);
  if (llvm::Error problem = node.check())
    return problem;
  Term result = terms.front();
  for (size_t i = 1; i < terms.size(); ++i) {
    Labels needed = output;
    for (const Term &later : ArrayRef(terms).drop_front(i + 1))
      needed += later.labels;
    result = contract(result, terms[i], needed);
    if (llvm::Error problem = node.check())
      return problem;
  }
  result = sumUnneeded(result, output);
  return node.result(arrange(result, output));
}

} // namespace

static llvm::Error importEinsum(NodeImporter &node) {
  return Einsum(node).run();
}

void attune::registerEinsum(OnnxOps &ops) {
  ops.add("Einsum", {1, kAnyInputs}, importEinsum);
}
