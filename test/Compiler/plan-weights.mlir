// RUN: attune-opt %s -attune-plan-weights -split-input-file | FileCheck %s
// RUN: attune-opt %s -attune-plan-weights -attune-plan-weights -split-input-file | FileCheck %s
// RUN: attune-opt %s -attune-plan-weights -split-input-file --remarks-filter=compile -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attune-opt %s -attune-plan-weights -split-input-file --attune-statistics -o /dev/null 2>&1 | FileCheck %s --check-prefix=COUNTS

// REMARK: remark: [Analysis] weights | Category:compile | Remark="3 weights placed, the file ends at byte 4884"

// Places follow one another at multiples of 64 behind the header; sizes are those of the layout: 10 rows in panels of 16 take
// 16 rows. An unused weight has no place. A second run changes nothing.

// CHECK: module attributes {attune.weights_end = 4884 : i64}
// CHECK-NEXT: attune.weight @a : {{.*}} at 4096{{$}}
// CHECK-NEXT: attune.weight @b : {{.*}} layout #attune.panels<16> at 4160{{$}}
// CHECK-NEXT: attune.weight @c : {{.*}} at 4864{{$}}
// CHECK-NOT: @unused
module {
  attune.weight @a : tensor<3xf32> from [#attune.piece<"w", 0, f32, 3>]
  attune.weight @unused : tensor<100xf32> from [#attune.piece<"w", 0, f32, 100>]
  attune.weight @b : tensor<10x11xf32> from [#attune.piece<"w", 0, f16, 110>] layout #attune.panels<16>
  attune.weight @c : tensor<5xf32> from [#attune.piece<"w", 0, bf16, 5>]
  func.func @forward() -> (tensor<3xf32>, tensor<10x11xf32>, tensor<5xf32>) {
    %a = attune.load_weight @a : tensor<3xf32>
    %b = attune.load_weight @b : tensor<10x11xf32>
    %c = attune.load_weight @c : tensor<5xf32>
    return %a, %b, %c : tensor<3xf32>, tensor<10x11xf32>, tensor<5xf32>
  }
}

// -----

// What has a place keeps it, also a hole; new weights go behind the last and behind what the module says is taken.

// CHECK: module @resumed attributes {attune.weights_end = 10020 : i64}
// CHECK-NEXT: attune.weight @old : {{.*}} at 8192{{$}}
// CHECK-NEXT: attune.weight @new : {{.*}} at 9984{{$}}
module @resumed attributes {attune.weights_end = 9980 : i64} {
  attune.weight @old : tensor<4xf32> from [#attune.piece<"w", 0, f32, 4>] at 8192
  attune.weight @new : tensor<9xf32> from [#attune.piece<"w", 0, f32, 9>]
  func.func @forward() -> (tensor<4xf32>, tensor<9xf32>) {
    %a = attune.load_weight @old : tensor<4xf32>
    %b = attune.load_weight @new : tensor<9xf32>
    return %a, %b : tensor<4xf32>, tensor<9xf32>
  }
}

// -----

// CHECK: module @behind_old attributes {attune.weights_end = 8228 : i64}
// CHECK: attune.weight @new : {{.*}} at 8192{{$}}
// CHECK: attune.weight @old : {{.*}} at 8128{{$}}
module @behind_old {
  attune.weight @new : tensor<9xf32> from [#attune.piece<"w", 0, f32, 9>]
  attune.weight @old : tensor<16xf32> from [#attune.piece<"w", 0, f32, 16>] at 8128
  func.func @forward() -> (tensor<16xf32>, tensor<9xf32>) {
    %a = attune.load_weight @old : tensor<16xf32>
    %b = attune.load_weight @new : tensor<9xf32>
    return %a, %b : tensor<16xf32>, tensor<9xf32>
  }
}

// -----

// Near miss: no weights at all leaves the header alone.

// CHECK: module @none attributes {attune.weights_end = 4096 : i64}
module @none {
}

// COUNTS: attune-plan-weights: 0 fused, 0 missed, 4 done
// COUNTS-NEXT: 4 done: weights
