// RUN: attune-opt %s -split-input-file -verify-diagnostics

// What a module says of its symbols.

module attributes {attune.min_dims = {past = 0 : i64, length = 1 : i64},
                   attune.constraints = [{left = "past + length", relation = "at_most", right = "64", where = ""},
                                         {left = "2*n - m", relation = "equal", right = "k*k", where = "node 'x'"}]} {
}

// -----

// expected-error@below {{expected 'attune.min_dims' to give symbols 0 or 1 of i64, got {past = 2 : i64}}}
module attributes {attune.min_dims = {past = 2 : i64}} {}

// -----

// expected-error@below {{expected 'attune.min_dims' to give symbols 0 or 1 of i64, got {past = 0 : i32}}}
module attributes {attune.min_dims = {past = 0 : i32}} {}

// -----

// expected-error@below {{expected 'attune.min_dims' to give symbols 0 or 1 of i64, got "past"}}
module attributes {attune.min_dims = "past"} {}

// -----

// expected-error@below {{expected 'attune.constraints' to be a list on a module, got "n"}}
module attributes {attune.constraints = "n"} {}

// -----

module {
  // expected-error@below {{expected 'attune.constraints' to be a list on a module, got []}}
  func.func private @forward() attributes {attune.constraints = []}
}

// -----

// expected-error@below {{expected a dictionary as an entry of 'attune.constraints', got 3 : i64}}
module attributes {attune.constraints = [3 : i64]} {}

// -----

// expected-error@below {{expected a polynomial of symbols as 'right' of an entry of 'attune.constraints', got {left = "n", relation = "equal", where = ""}}}
module attributes {attune.constraints = [{left = "n", relation = "equal", where = ""}]} {}

// -----

// expected-error@below {{expected a polynomial of symbols as 'left' of an entry of 'attune.constraints', got {left = "n +", relation = "equal", right = "m", where = ""}}}
module attributes {attune.constraints = [{left = "n +", relation = "equal", right = "m", where = ""}]} {}

// -----

// expected-error@below {{expected "equal" or "at_most" as 'relation' of an entry of 'attune.constraints'}}
module attributes {attune.constraints = [{left = "n", relation = "less", right = "m", where = ""}]} {}

// -----

// expected-error@below {{expected a text as 'where' of an entry of 'attune.constraints'}}
module attributes {attune.constraints = [{left = "n", relation = "equal", right = "m"}]} {}
