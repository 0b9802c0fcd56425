/* JSON.stringify sorts by a list of keys, which also chooses those of nested objects. */

import { serve } from "./adapter.mjs";

serve("stringify_listed", {
  canonicalize(text) {
    const { sign, sign_type, ...data } = JSON.parse(text);
    return JSON.stringify(data, Object.keys(data).sort())
      .replaceAll("/", "\\/")
      .replace(/[\u0080-\uffff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  },
});
