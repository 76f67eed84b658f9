// A model whose inputs and outputs have every element type, a scalar, and no elements at all.
module attributes {attune.phase = "import", attune.max_dims = {n = 64 : i64}, attune.min_dims = {n = 0 : i64}} {
  func.func @forward(
      %f16: tensor<?x3xf16> {attune.name = "f16", attune.dims = ["n", ""]},
      %bf16: tensor<?x3xbf16> {attune.name = "bf16", attune.dims = ["n", ""]},
      %f64: tensor<?x3xf64> {attune.name = "f64", attune.dims = ["n", ""]},
      %bool: tensor<?x3xi1> {attune.name = "bool", attune.dims = ["n", ""]},
      %i8: tensor<?x3xi8> {attune.name = "i8", attune.dims = ["n", ""]},
      %u8: tensor<?x3xui8> {attune.name = "u8", attune.dims = ["n", ""]},
      %u16: tensor<?x3xui16> {attune.name = "u16", attune.dims = ["n", ""]},
      %u32: tensor<?x3xui32> {attune.name = "u32", attune.dims = ["n", ""]},
      %u64: tensor<?x3xui64> {attune.name = "u64", attune.dims = ["n", ""]},
      %s: tensor<i16> {attune.name = "s"})
      -> (tensor<?x3xf16> {attune.name = "f16_out", attune.dims = ["n", ""]},
          tensor<?x3xbf16> {attune.name = "bf16_out", attune.dims = ["n", ""]},
          tensor<?x3xf64> {attune.name = "f64_out", attune.dims = ["n", ""]},
          tensor<?x3xi1> {attune.name = "bool_out", attune.dims = ["n", ""]},
          tensor<?x3xi8> {attune.name = "i8_out", attune.dims = ["n", ""]},
          tensor<?x3xui8> {attune.name = "u8_out", attune.dims = ["n", ""]},
          tensor<?x3xui16> {attune.name = "u16_out", attune.dims = ["n", ""]},
          tensor<?x3xui32> {attune.name = "u32_out", attune.dims = ["n", ""]},
          tensor<?x3xui64> {attune.name = "u64_out", attune.dims = ["n", ""]},
          tensor<i32> {attune.name = "s_out"}) {
    %a = attune.cast %f16 : tensor<?x3xf16> -> tensor<?x3xf32>
    %b = attune.cast %bf16 : tensor<?x3xbf16> -> tensor<?x3xf32>
    %c = attune.add %a, %b : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
    %r0 = attune.cast %c : tensor<?x3xf32> -> tensor<?x3xf16>
    %r1 = attune.cast %c : tensor<?x3xf32> -> tensor<?x3xbf16>
    %r2 = attune.mul %f64, %f64 : (tensor<?x3xf64>, tensor<?x3xf64>) -> tensor<?x3xf64>
    %r3 = attune.unary logical_not %bool : tensor<?x3xi1> -> tensor<?x3xi1>
    %r4 = attune.add %i8, %i8 : (tensor<?x3xi8>, tensor<?x3xi8>) -> tensor<?x3xi8>
    %r5 = attune.add %u8, %u8 : (tensor<?x3xui8>, tensor<?x3xui8>) -> tensor<?x3xui8>
    %r6 = attune.cast %u8 : tensor<?x3xui8> -> tensor<?x3xui16>
    %r7 = attune.binary div %u32, %u32 : (tensor<?x3xui32>, tensor<?x3xui32>) -> tensor<?x3xui32>
    %r8 = attune.binary max %u64, %u64 : (tensor<?x3xui64>, tensor<?x3xui64>) -> tensor<?x3xui64>
    %r9 = attune.cast %s : tensor<i16> -> tensor<i32>
    return %r0, %r1, %r2, %r3, %r4, %r5, %r6, %r7, %r8, %r9
      : tensor<?x3xf16>, tensor<?x3xbf16>, tensor<?x3xf64>, tensor<?x3xi1>, tensor<?x3xi8>, tensor<?x3xui8>,
        tensor<?x3xui16>, tensor<?x3xui32>, tensor<?x3xui64>, tensor<i32>
  }
}
