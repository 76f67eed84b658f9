// Three layers of attention without weights. In the first two the probabilities
// are read by others too, so that attention cannot become one op.
module attributes {attune.name = "probes", attune.phase = "import", attune.max_dims = {length = 16 : i64}} {
  func.func @forward(%x: tensor<?x?x8xf32> {attune.dims = ["batch", "length"], attune.name = "x"}) -> (tensor<?x?x8xf32> {attune.dims = ["batch", "length"], attune.name = "y"}, tensor<?x2x?x?xf32> {attune.dims = ["batch", "", "length", "length"], attune.name = "probabilities"}) {
    %s0 = attune.reshape %x {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32> loc("layer.0.attention")
    %h0 = attune.transpose %s0 {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32> loc("layer.0.attention")
    %q0 = attune.matmul %h0, %h0 {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32> loc("layer.0.attention")
    %p0 = attune.softmax %q0 : tensor<?x2x?x?xf32> loc("layer.0.attention")
    %c0 = attune.matmul %p0, %h0 : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32> loc("layer.0.attention")
    %t0 = attune.transpose %c0 {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32> loc("layer.0.attention")
    %y0 = attune.reshape %t0 {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32> loc("layer.0.attention")
    %g0 = attune.gelu %y0 : tensor<?x?x8xf32> loc("layer.0.output")
    %s1 = attune.reshape %g0 {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32> loc("layer.1.attention")
    %h1 = attune.transpose %s1 {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32> loc("layer.1.attention")
    %q1 = attune.matmul %h1, %h1 {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32> loc("layer.1.attention")
    %p1 = attune.softmax %q1 : tensor<?x2x?x?xf32> loc("layer.1.attention")
    %c1 = attune.matmul %p1, %h1 : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32> loc("layer.1.attention")
    %t1 = attune.transpose %c1 {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32> loc("layer.1.attention")
    %y1 = attune.reshape %t1 {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32> loc("layer.1.attention")
    %g1 = attune.gelu %y1 : tensor<?x?x8xf32> loc("layer.1.output")
    %s2 = attune.reshape %g1 {shape = array<i64: 0, 0, 2, 4>} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32> loc("layer.2.attention")
    %h2 = attune.transpose %s2 {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x?x2x4xf32> -> tensor<?x2x?x4xf32> loc("layer.2.attention")
    %q2 = attune.matmul %h2, %h2 {transpose_rhs} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32> loc("layer.2.attention")
    %p2 = attune.softmax %q2 : tensor<?x2x?x?xf32> loc("layer.2.attention")
    %c2 = attune.matmul %p2, %h2 : (tensor<?x2x?x?xf32>, tensor<?x2x?x4xf32>) -> tensor<?x2x?x4xf32> loc("layer.2.attention")
    %t2 = attune.transpose %c2 {permutation = array<i64: 0, 2, 1, 3>} : tensor<?x2x?x4xf32> -> tensor<?x?x2x4xf32> loc("layer.2.attention")
    %y2 = attune.reshape %t2 {shape = array<i64: 0, 0, 8>} : tensor<?x?x2x4xf32> -> tensor<?x?x8xf32> loc("layer.2.attention")
    %sum = attune.add %p0, %p1 : (tensor<?x2x?x?xf32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32> loc("probe")
    return %y2, %sum : tensor<?x?x8xf32>, tensor<?x2x?x?xf32>
  }
}
