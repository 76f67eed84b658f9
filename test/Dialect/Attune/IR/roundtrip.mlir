// What printing and parsing keep beyond the examples: attributes of entry
// functions, names with any characters, regions without results' names.
// RUN: attune-opt %s | FileCheck %s
// RUN: attune-opt %s --emit-bytecode | attune-opt | FileCheck %s
// RUN: attune-opt %s --mlir-print-debuginfo | attune-opt --mlir-print-debuginfo | FileCheck %s --check-prefix=LOC

// CHECK: module attributes {attune.max_dims = {length = 512 : i64}, attune.name = "tiny"}
module attributes {attune.name = "tiny", attune.max_dims = {length = 512 : i64}} {
  // CHECK: attune.weight @"layer.0.{query,key}.weight" : tensor<2x2xf32>
  attune.weight @"layer.0.{query,key}.weight" : tensor<2x2xf32>
      from [#attune.piece<"dir/a b.safetensors", 8, f64, 2>, #attune.piece<"", 0, f32, 2>]

  // CHECK: func.func @forward(%{{.*}}: tensor<?x?xi64> {attune.dims = ["batch", "length"], attune.limit = 2 : i64, attune.name = "mask", attune.when_absent = "ones"})
  // CHECK-SAME: -> (tensor<2x2xf32> {attune.dims = ["", ""], attune.name = "w"})
  func.func @forward(%m: tensor<?x?xi64> {attune.name = "mask", attune.dims = ["batch", "length"],
                                          attune.limit = 2 : i64, attune.when_absent = "ones"})
      -> (tensor<2x2xf32> {attune.name = "w", attune.dims = ["", ""]}) {
    // CHECK: attune.load_weight @"layer.0.{query,key}.weight" : tensor<2x2xf32>
    %w = attune.load_weight @"layer.0.{query,key}.weight" : tensor<2x2xf32>
    // A region of elementwise ops alone, and one without inputs or results.
    // CHECK: attune.fused(%[[ARG:.*]] = %{{.*}}) : (tensor<2x2xf32>) -> tensor<2x2xf32>
    // CHECK-NEXT: attune.relu %[[ARG]]
    // LOC: attune.relu %{{.*}} loc([[LAYER:#loc[0-9]*]])
    // LOC: } loc([[LAYER]])
    // LOC: {{^}}[[LAYER]] = loc("encoder.layer.0")
    %r = attune.fused(%a = %w) : (tensor<2x2xf32>) -> tensor<2x2xf32> {
      %0 = attune.relu %a : tensor<2x2xf32> loc("encoder.layer.0")
      attune.yield %0 : tensor<2x2xf32>
    } loc("encoder.layer.0")
    // CHECK: attune.fused() : () -> () {
    // CHECK-NEXT: attune.yield
    attune.fused() : () -> () {
    }
    return %r : tensor<2x2xf32>
  }

  // CHECK: attune.kernel @nothing(%{{.*}}: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: attune.yield %{{.*}} : tensor<4xf32>
  attune.kernel @nothing(%x: tensor<4xf32>) -> tensor<4xf32> {
    attune.yield %x : tensor<4xf32>
  }
}
