/* SPDX-License-Identifier: Apache-2.0
 *
 * library.c - a shared library that animals of the zoo need. */
void a_function_of_a_library(void);
__attribute__((visibility("default"))) void a_function_of_a_library(void) {}
