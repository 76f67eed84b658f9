/*===- Model.h - The C API of compiled models -------------------------------===
 *
 * The functions behind the API of every emitted library. The compiler emits
 * forwarders under the model's prefix (m_create calls attune_create with the
 * model's descriptor, and so on: Forwarders.def lists them) and a header that
 * declares and documents those (HeaderTemplate.h.in).
 *
 * Functions return ATTUNE_OK or the kind of error; the message of the calling
 * thread's last error is attune_error(). No function throws, exits or prints.
 *===----------------------------------------------------------------------===*/
#ifndef ATTUNE_RUNTIME_MODEL_H
#define ATTUNE_RUNTIME_MODEL_H

#include "attune/Runtime/ABI.h"
#include "attune/Runtime/Types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ATTUNE_ABI_VERSION of the runtime that is linked in. */
uint32_t attune_abi_version(void);

/* The descriptor's metadata, JSON text that lives as long as the program. */
const char *attune_info(const AttuneModel *descriptor);

/* The last error of the calling thread; "" before the first one. Valid until
 * the thread's next call. */
const char *attune_error(void);

/* Chooses the variant for this CPU, maps the weights and starts the threads.
 * Weights come from, in this order: options->weights_data, the file
 * options->weights_path, the image appended to the file that holds `descriptor`
 * (program or shared library), the file `default_weights` beside that file.
 * `options` may be NULL. On errors *model is NULL. */
attune_status attune_create(const AttuneModel *descriptor,
                            const char *default_weights,
                            const attune_options *options,
                            attune_model **model);

/* Ends the threads and unmaps the weights. NULL is allowed. */
void attune_destroy(attune_model *model);

/* Runs the model. Inputs are matched by name, or by place where the name is
 * NULL. The values of all symbols (batch, length, ...) are taken from the
 * shapes and must agree; optional inputs may be left out. Outputs that are
 * listed with data are written and get their rank and dims; all others are
 * computed into the workspace only as far as the model needs them.
 *
 * `workspace` is 64-byte aligned memory of attune_workspace_size() bytes, or
 * NULL: then the handle's own is used, which grows when a call needs more than
 * any before (attune_reserve() does so ahead of time). Nothing else is
 * allocated in a call that succeeds. */
attune_status attune_forward(attune_model *model, const attune_tensor *inputs,
                             size_t num_inputs, attune_tensor *outputs,
                             size_t num_outputs, void *workspace,
                             size_t workspace_bytes);

/* Checks the inputs' names, types and shapes as attune_forward does, and sets
 * name, type, rank and dims of the outputs (matched as there), so that the
 * caller can provide their memory. Data pointers are not looked at. */
attune_status attune_shapes(attune_model *model, const attune_tensor *inputs,
                            size_t num_inputs, attune_tensor *outputs,
                            size_t num_outputs);

/* Bytes of workspace that suffice for any call with these extents, one for each
 * symbol of the model in its order. */
attune_status attune_workspace_size(const attune_model *model,
                                    const int64_t *dims, size_t num_dims,
                                    size_t *bytes);

/* Grows the handle's own workspace to what these extents need. */
attune_status attune_reserve(attune_model *model, const int64_t *dims,
                             size_t num_dims);

/* The name of the variant in use, e.g. "x86-64-v4". */
const char *attune_cpu(const attune_model *model);

/* Threads in use, the calling one included. */
int32_t attune_threads(const attune_model *model);

/* Token ids of a UTF-8 text, special tokens included; ill-formed bytes count as
 * U+FFFD. `bytes` (size_t)-1: up to the terminating zero. At most `max_length`
 * ids (0: the model's own limit), the text is cut to fit. Writes up to
 * `capacity` ids, and segment ids where `type_ids` is not NULL, and sets *count
 * to the number of ids there are: ATTUNE_INVALID_ARGUMENT when that is more. */
attune_status attune_tokenize(attune_model *model, const char *text,
                              size_t bytes, size_t max_length, int64_t *ids,
                              int64_t *type_ids, size_t capacity,
                              size_t *count);

/* The token of an id as the vocabulary has it, UTF-8 of *bytes bytes without a
 * terminating zero, valid as long as the model; NULL when there is none. */
const char *attune_token(attune_model *model, int64_t id, size_t *bytes);

/* What the tokenizer is like; ATTUNE_UNSUPPORTED when the model has none. */
attune_status attune_tokenizer(attune_model *model,
                               attune_tokenizer_info *info);

#ifdef __cplusplus
}
#endif

#endif /* ATTUNE_RUNTIME_MODEL_H */
