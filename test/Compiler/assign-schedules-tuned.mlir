// The tuner's records: which are used, what is said of those that are not. They are made for this machine's number of
// cores and an instruction set by name, so that the same holds on any machine.

// RUN: rm -rf %t && mkdir %t
// DEFINE: %{cpu} = cpu=x86-64-v3
// DEFINE: %{records} = %python %S/../make_records.py %s %t/db.jsonl
// DEFINE: %{assign} = attune-opt %s -o - "-attune-assign-schedules=%{cpu} db=%t/db.jsonl

// The fastest of this machine; that of a similar one is not looked at beside it.
// RUN: %{records} linear:mr=3,speedup=1.1 linear:mr=2,speedup=1.5 linear:mr=1,speedup=9,target=similar
// RUN: %{assign}" 2>&1 | FileCheck %s --check-prefix=TUNED
// RUN: attune-opt %s "-attune-assign-schedules=%{cpu} db=%t/db.jsonl" --remarks-filter=compile -o %t/out.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// TUNED-NOT: warning
// TUNED: attune.kernel @linear({{.*}}attune.schedule_source = "tuned"{{.*}}mr = 2 : i64
// TUNED: attune.kernel @norm({{.*}}attune.schedule_source = "analytic"
// REMARK: Remark="kernel 'linear' by llvm: {{.*}}mr=2{{.*}} (tuned)"
// REMARK: Remark="kernel 'norm' by llvm: {{.*}} (analytic)"

// Only a similar machine, or only other sizes: transferred.
// RUN: %{records} linear:mr=2,target=similar
// RUN: %{assign}" 2>&1 | FileCheck %s --check-prefix=TRANSFERRED
// RUN: %{records} linear:mr=2,scale=3
// RUN: %{assign}" 2>&1 | FileCheck %s --check-prefix=TRANSFERRED
// TRANSFERRED-NOT: warning
// TRANSFERRED: attune.kernel @linear({{.*}}attune.schedule_source = "transferred"{{.*}}mr = 2 : i64

// Those sizes are wanted: tuned.
// RUN: %{assign} optimize-for=rows=384" 2>&1 | FileCheck %s --check-prefix=SIZES
// SIZES: attune.kernel @linear({{.*}}attune.schedule_source = "tuned"{{.*}}mr = 2 : i64
// RUN: not attune-opt %s "-attune-assign-schedules=%{cpu} optimize-for=batch=2" 2>&1 | FileCheck %s --check-prefix=SYMBOL
// SYMBOL: error: --optimize-for=batch=2: the model has no symbol 'batch'; expected rows
// RUN: not attune-opt %s "-attune-assign-schedules=%{cpu} optimize-for=rows=0" 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: error: --optimize-for=rows=0: expected SYMBOL=SIZE with a positive size, found 'rows=0'

// Another instruction set, other versions of schedules, schedules that do not fit, backends that are not there: counted in
// one line and never used.
// RUN: %{records} linear:mr=2,target=foreign linear:mr=2,version=0 linear:mr=40 linear:mr=2,backend=tpu linear:mr=3,backend=tpu damaged newer
// RUN: %{assign}" 2>&1 | FileCheck %s --check-prefix=REFUSED
// REFUSED-DAG: warning: {{.*}}db.jsonl: not used: 1 damaged line, 1 record of a newer version
// REFUSED-DAG: warning: records of these kernels are not used: 1 of another version of its backend's schedules, 1 with a schedule that does not fit the kernel, 2 of a backend that this build does not have, 1 of machines unlike this one
// REFUSED: attune.kernel @linear({{.*}}attune.schedule_source = "analytic"

// What failed is no advice, and needs no warning.
// RUN: %{records} linear:mr=2,status=wrong linear:mr=2,status=crashed
// RUN: %{assign}" 2>&1 | FileCheck %s --check-prefix=FAILED
// FAILED-NOT: warning
// FAILED: attune.kernel @linear({{.*}}attune.schedule_source = "analytic"

// What the IR says wins, wherever it came from.
// RUN: %{records} linear:mr=3 norm:elements=1024
// RUN: %{assign}" | attune-opt "-attune-assign-schedules=%{cpu}" | FileCheck %s --check-prefix=AGAIN
// AGAIN: attune.kernel @linear({{.*}}attune.schedule_source = "tuned"{{.*}}mr = 3 : i64
// AGAIN: attune.kernel @norm({{.*}}attune.schedule_source = "tuned"{{.*}}elements = 1024 : i64
// AGAIN: attune.kernel @given({{.*}}attune.schedule_source = "given"{{.*}}elements = 64 : i64

// Several databases are one.
// RUN: %python %S/../make_records.py %s %t/other.jsonl linear:mr=2,speedup=1.3
// RUN: attune-opt %s "-attune-assign-schedules=%{cpu} db=%t/db.jsonl,%t/other.jsonl" | FileCheck %s --check-prefix=SEVERAL
// SEVERAL: attune.kernel @linear({{.*}}attune.schedule_source = "tuned"{{.*}}mr = 2 : i64
// SEVERAL: attune.kernel @norm({{.*}}attune.schedule_source = "tuned"
// RUN: not attune-opt %s "-attune-assign-schedules=%{cpu} db=%t/none.jsonl" 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: {{.*}}none.jsonl

// All that is missing is named at once; kernels that can be computed in one way only, or that the IR has a schedule for,
// need none.
// RUN: %{assign} require-tuned" 2>&1 | FileCheck %s --check-prefix=COMPLETE
// COMPLETE-NOT: error
// COMPLETE: attune.kernel @linear({{.*}}attune.schedule_source = "tuned"
// RUN: %{records} linear:mr=2,target=similar
// RUN: not %{assign} require-tuned" 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: --require-tuned: 2 of 4 kernels have no schedule that was tuned on a machine like 'x86-64-v3':
// MISSING-NEXT: kernel  what it is{{ +}}in
// MISSING-NEXT: linear  linear 32x48 f32{{ +}}layer.0.dense
// MISSING-NEXT: norm    layer_norm 48 f32{{ +}}layer.0.norm
// MISSING-NEXT: To tune them: attune tune MODEL --cpu=x86-64-v3 --db={{.*}}db.jsonl

module attributes {attune.phase = "fuse"} {
  attune.weight @w : tensor<48x32xf32> from [#attune.piece<"w", 0, f32, 1536>]
  attune.weight @g : tensor<48xf32> from [#attune.piece<"g", 0, f32, 48>]
  attune.kernel @linear(%x: tensor<?x32xf32>, %w: tensor<48x32xf32>) -> tensor<?x48xf32> {
    %0 = attune.linear %x, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    attune.yield %0 : tensor<?x48xf32>
  }
  attune.kernel @norm(%x: tensor<?x48xf32>, %g: tensor<48xf32>) -> tensor<?x48xf32> {
    %0 = attune.layer_norm %x, %g, %g {epsilon = 1.0e-12 : f64} : tensor<?x48xf32>, tensor<48xf32>, tensor<48xf32>
    attune.yield %0 : tensor<?x48xf32>
  }
  attune.kernel @given(%x: tensor<?x48xf32>) -> tensor<?x48xf32> attributes {backend = "llvm", schedule = {elements = 64 : i64, unroll = 1 : i64}} {
    %0 = attune.relu %x : tensor<?x48xf32>
    attune.yield %0 : tensor<?x48xf32>
  }
  attune.kernel @unused(%x: tensor<?x48xf32>) -> tensor<?x48xf32> {
    %0 = attune.tanh %x : tensor<?x48xf32>
    attune.yield %0 : tensor<?x48xf32>
  }
  func.func @forward(%x: tensor<?x32xf32> {attune.dims = ["rows", ""]}) -> tensor<?x48xf32> {
    %w = attune.load_weight @w : tensor<48x32xf32>
    %g = attune.load_weight @g : tensor<48xf32>
    %0 = attune.launch @linear(%x, %w) : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32> loc("layer.0.dense")
    %1 = attune.launch @norm(%0, %g) : (tensor<?x48xf32>, tensor<48xf32>) -> tensor<?x48xf32> loc("layer.0.norm")
    %2 = attune.launch @given(%1) : (tensor<?x48xf32>) -> tensor<?x48xf32> loc("layer.0.act")
    return %2 : tensor<?x48xf32>
  }
}
