/* JSON.stringify with the keys sorted, as the first attempt of most is. */

import { serve } from "./adapter.mjs";

serve("stringify", {
  canonicalize(text) {
    const { sign, sign_type, ...data } = JSON.parse(text);
    const sorted = {};
    for (const key of Object.keys(data).sort()) {
      sorted[key] = data[key];
    }
    return JSON.stringify(sorted);
  },
});
