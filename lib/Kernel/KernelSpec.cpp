//===- KernelSpec.cpp - Kernels by name and sizes -------------------------===//
#include "attune/Kernel/KernelSpec.h"
#include "KernelBuilder.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

using namespace mlir;
using namespace attune;

namespace {

/// A kind of kernel that specs can name.
struct SpecKind {
  StringRef name;
  BuildSpec *build;
};

constexpr SpecKind kinds[] = {
    {"gemm", buildGemmSpec},
    {"gemv", buildGemvSpec},
    {"matmul", buildMatmulSpec},
    {"attention", buildAttentionSpec},
    {"linear_attention", buildLinearAttentionSpec},
    {"feature_map", buildFeatureMapSpec},
    {"hybrid_attention", buildHybridAttentionSpec},
    {"softmax", buildSoftmaxSpec},
    {"layer_norm", buildLayerNormSpec},
    {"rms_norm", buildRmsNormSpec},
    {"l2_normalize", buildL2NormalizeSpec},
    {"elementwise", buildElementwiseSpec},
    {"embedding", buildEmbeddingSpec},
};

} // namespace

StringRef attune::getKernelSpecHelp() {
  return "gemm:m=M,n=N,k=K[,bias=1][,epilogue=OP+OP...][,residual=1]\n"
         "                      f32 product of [M,K] with packed weights "
         "[N,K]\n"
         "gemv:n=N,k=K[,...]    gemm of one row\n"
         "matmul:b=BATCH,h=HEADS,m=M,n=N,k=K[,transpose=1]\n"
         "                      product of two activations [M,K] and [K,N], "
         "or [N,K]\n"
         "attention:b=BATCH,h=HEADS,hkv=KV_HEADS,q=QUERIES,k=KEYS,d=HEAD_SIZE"
         "[,dv=VALUE_SIZE]\n"
         "         [,mask=1][,bias=1][,causal=1][,softcap=CAP]\n"
         "                      softmax attention; with causal=1 queries are "
         "the last of the keys\n"
         "linear_attention:b=BATCH,h=HEADS,n=TOKENS,d=HEAD_SIZE[,hkv=KV_HEADS]"
         "[,dv=VALUE_SIZE]\n"
         "         [,rule=RULE][,causal=0][,denominator=1][,mask=1][,past=1]"
         "[,columns=1]\n"
         "         [,map=MAP][,features=ROWS][,order=N][,norm=NORM][,mix=1]\n"
         "                      attention through a state, rule linear, gated, "
         "delta or gated_delta;\n"
         "                      columns=1: a decay for each column of keys\n"
         "feature_map:b=BATCH,h=HEADS,n=TOKENS,d=HEAD_SIZE,map=MAP"
         "[,features=ROWS][,order=N]\n"
         "         [,norm=NORM][,mix=1]\n"
         "                      features of heads; with features=ROWS of that "
         "many projections;\n"
         "                      mix=1: multiplied by a square matrix (of keys "
         "in linear_attention)\n"
         "hybrid_attention:b=BATCH,h=HEADS,n=TOKENS,d=HEAD_SIZE,features=M"
         "[,hkv=KV_HEADS]\n"
         "         [,dv=VALUE_SIZE][,window=W][,sinks=S][,causal=0][,mask=1]\n"
         "                      softmax attention to near keys, linear to the "
         "others\n"
         "softmax:rows=R,columns=C\n"
         "layer_norm:rows=R,columns=C[,residual=1]\n"
         "rms_norm:rows=R,columns=C[,residual=1]\n"
         "l2_normalize:rows=R,columns=C\n"
         "elementwise:rows=R,columns=C,ops=OP+OP...\n"
         "                      ops one behind the other, e.g. gelu+add\n"
         "embedding:rows=R,vocabulary=V,columns=C";
}

llvm::Expected<KernelProblem> attune::parseKernelSpec(MLIRContext &context,
                                                      StringRef text) {
  auto [name, sizes] = text.split(':');
  for (const SpecKind &kind : kinds)
    if (kind.name == name)
      return kind.build(context, text, sizes);
  return userErrorf("unknown kernel '{0}': expected one of\n{1}",
                    printable(name), getKernelSpecHelp());
}
