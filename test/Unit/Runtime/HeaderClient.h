/* An application in C that includes a rendered header. */
#ifndef ATTUNE_TEST_HEADERCLIENT_H
#define ATTUNE_TEST_HEADERCLIENT_H

#ifdef __cplusplus
extern "C" {
#endif

/* Runs the fake model through its header on the rows "4 4" and "5 5". Returns
 * the error, "" when all went well. */
const char *headerClient(const char *weights, float *embedding);

#ifdef __cplusplus
}
#endif

#endif
