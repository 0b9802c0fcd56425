/* JSON.stringify and nothing else: the order is that of the program. */

import { serve } from "./adapter.mjs";

serve("stringify_plain", {
  canonicalize(text) {
    const data = JSON.parse(text);
    delete data.sign;
    delete data.sign_type;
    return JSON.stringify(data);
  },
});
