/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * kess.h stands alone in C++, and its functions link with C names.
 */
#include <kess.h>

int main()
{
    const kess_options options = {};
    size_t room = kess_canonical_bound(2);
    static_cast<void>(options);
    return room < 2 || kess_status_message(KESS_OK) == NULL;
}
