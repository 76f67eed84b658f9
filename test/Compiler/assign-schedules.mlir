// RUN: attune-opt %s -attune-assign-schedules=cpu=x86-64-v3 -split-input-file | FileCheck %s
// RUN: attune-opt %s -attune-assign-schedules=cpu=x86-64-v4 -split-input-file | FileCheck %s --check-prefix=V4
// RUN: attune-opt %s "-attune-assign-schedules=cpu=x86-64-v3 backend=llvm" -split-input-file | FileCheck %s
// RUN: attune-opt %s "-attune-assign-schedules=cpu=x86-64-v3 backend=linear=llvm,matmul=auto" -split-input-file | FileCheck %s
// RUN: attune-opt %s -attune-assign-schedules=cpu=x86-64-v3 -split-input-file --remarks-filter=compile -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s -attune-assign-schedules=cpu=x86-64-v3 -split-input-file --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// REMARK: remark: [Analysis] schedule | Category:compile | Remark="kernel 'linear' by llvm: {{.*}}mr={{[0-9]+}} {{.*}}nv={{[0-9]+}} {{.*}}(analytic)"
// REMARK: remark: [Analysis] schedule | Category:compile | Remark="kernel 'linear' by llvm: kc=16 mc=24 mr=4 nv=2 panel=32 (given)"

// The schedule depends on the CPU, the layout on the schedule: panels of whole vectors.

// CHECK: attune.weight @w : tensor<48x32xf32> from [{{.*}}] layout #attune.panels<[[WIDTH:[0-9]+]]>
// CHECK: attune.kernel @linear(%{{.*}}: tensor<?x32xf32>, %{{.*}}: tensor<48x32xf32> {attune.layout = #attune.panels<[[WIDTH]]>})
// CHECK-SAME: backend = "llvm", schedule = {{{.*}}kc = {{.*}}mr = {{.*}}nv = {{.*}}}
// V4: attune.weight @w : tensor<48x32xf32> from [{{.*}}] layout #attune.panels<[[WIDTH:[0-9]+]]>
// V4: attune.kernel @linear({{.*}} {attune.layout = #attune.panels<[[WIDTH]]>})
module {
  attune.weight @w : tensor<48x32xf32> from [#attune.piece<"w", 0, f32, 1536>]
  attune.kernel @linear(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32> {
    %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    attune.yield %0 : tensor<?x48xf32>
  }
  func.func @forward(%x: tensor<?x32xf32> {attune.dims = ["n", ""]}) -> tensor<?x48xf32> {
    %w = attune.load_weight @w : tensor<48x32xf32>
    %r = attune.launch @linear(%x, %w) : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    return %r : tensor<?x48xf32>
  }
}

// -----

// What is there stays: a schedule decides the layout, whichever would have been chosen.

// CHECK-LABEL: module @given
// CHECK: attune.weight @w {{.*}} layout #attune.panels<32>
// CHECK: attune.kernel @linear({{.*}}#attune.panels<32>{{.*}}schedule = {kc = 16 : i64, mc = 24 : i64, mr = 4 : i64, nv = 2 : i64, panel = 32 : i64}
module @given {
  attune.weight @w : tensor<48x32xf32> from [#attune.piece<"w", 0, f32, 1536>]
  attune.kernel @linear(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32>
      attributes {backend = "llvm", schedule = {kc = 16 : i64, mc = 24 : i64, mr = 4 : i64, nv = 2 : i64, panel = 32 : i64}} {
    %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    attune.yield %0 : tensor<?x48xf32>
  }
  func.func @forward(%x: tensor<?x32xf32> {attune.dims = ["n", ""]}) -> tensor<?x48xf32> {
    %w = attune.load_weight @w : tensor<48x32xf32>
    %r = attune.launch @linear(%x, %w) : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    return %r : tensor<?x48xf32>
  }
}

// -----

// Tied weights: the look-up reads rows, the linear map panels. One weight becomes two, under two names; the second linear
// map shares the first one's.

// CHECK-LABEL: module @tied
// CHECK-DAG: attune.weight @table : tensor<48x32xf32> from [#attune.piece<"w", 0, f32, 1536>]{{$}}
// CHECK-DAG: attune.weight @table_0 : tensor<48x32xf32> from [#attune.piece<"w", 0, f32, 1536>] layout #attune.panels
// CHECK: func.func @forward
// CHECK-NEXT: %[[T:.*]] = attune.load_weight @table :
// CHECK-NEXT: %[[P:.*]] = attune.load_weight @table_0 :
// CHECK-NEXT: %[[Q:.*]] = attune.load_weight @table_0 :
// CHECK-NEXT: attune.launch @embedding(%{{.*}}, %[[T]])
// CHECK-NEXT: attune.launch @linear(%{{.*}}, %[[P]])
// CHECK-NEXT: attune.launch @linear(%{{.*}}, %[[Q]])
// CHECK-NOT: attune.weight
module @tied {
  attune.weight @table : tensor<48x32xf32> from [#attune.piece<"w", 0, f32, 1536>]
  attune.kernel @embedding(%i: tensor<?xi64>, %w: tensor<48x32xf32>) -> tensor<?x32xf32> {
    %0 = attune.embedding %i, %w : (tensor<?xi64>, tensor<48x32xf32>) -> tensor<?x32xf32>
    attune.yield %0 : tensor<?x32xf32>
  }
  attune.kernel @linear(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32> {
    %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    attune.yield %0 : tensor<?x48xf32>
  }
  func.func @forward(%i: tensor<?xi64> {attune.dims = ["n"]}) -> (tensor<?x48xf32>, tensor<?x48xf32>) {
    %w = attune.load_weight @table : tensor<48x32xf32>
    %x = attune.launch @embedding(%i, %w) : (tensor<?xi64>, tensor<48x32xf32>) -> tensor<?x32xf32>
    %r = attune.launch @linear(%x, %w) : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    %s = attune.launch @linear(%x, %w) : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    return %r, %s : tensor<?x48xf32>, tensor<?x48xf32>
  }
}

// -----

// Near miss: the second operand is an activation and not a weight, so that nothing can be packed; the family for products of
// two activations has no layout. Operands of other ops keep theirs too.

// CHECK-LABEL: module @activations
// CHECK-NOT: attune.layout
// CHECK: attune.weight @g : tensor<32xf32> from [#attune.piece<"g", 0, f32, 32>]{{$}}
// CHECK-NOT: attune.layout
module @activations {
  attune.weight @g : tensor<32xf32> from [#attune.piece<"g", 0, f32, 32>]
  attune.kernel @matmul(%x: tensor<?x?x32xf32>, %y: tensor<?x32x?xf32>) -> tensor<?x?x?xf32> {
    %0 = attune.matmul %x, %y : (tensor<?x?x32xf32>, tensor<?x32x?xf32>) -> tensor<?x?x?xf32>
    attune.yield %0 : tensor<?x?x?xf32>
  }
  attune.kernel @norm(%x: tensor<?x?x32xf32>, %g: tensor<32xf32>) -> tensor<?x?x32xf32> {
    %0 = attune.mul %x, %g : (tensor<?x?x32xf32>, tensor<32xf32>) -> tensor<?x?x32xf32>
    attune.yield %0 : tensor<?x?x32xf32>
  }
  func.func @forward(%x: tensor<?x?x32xf32> {attune.dims = ["b", "n", ""]}, %y: tensor<?x32x?xf32> {attune.dims = ["b", "", "m"]}) -> tensor<?x?x?xf32> {
    %g = attune.load_weight @g : tensor<32xf32>
    %n = attune.launch @norm(%x, %g) : (tensor<?x?x32xf32>, tensor<32xf32>) -> tensor<?x?x32xf32>
    %r = attune.launch @matmul(%n, %y) : (tensor<?x?x32xf32>, tensor<?x32x?xf32>) -> tensor<?x?x?xf32>
    return %r : tensor<?x?x?xf32>
  }
}

// -----

// A kernel that nothing launches is scheduled too; no weight has to be stored for it.

// CHECK-LABEL: module @unused
// CHECK: attune.weight @w : tensor<48x32xf32> from [#attune.piece<"w", 0, f32, 1536>]{{$}}
// CHECK: attune.kernel @linear({{.*}}attune.layout{{.*}}backend = "llvm"
module @unused {
  attune.weight @w : tensor<48x32xf32> from [#attune.piece<"w", 0, f32, 1536>]
  attune.kernel @linear(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32> {
    %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    attune.yield %0 : tensor<?x48xf32>
  }
}

// COUNTS: attune-assign-schedules: 0 fused, 0 missed, 7 done
// COUNTS-NEXT: 7 done: schedule
