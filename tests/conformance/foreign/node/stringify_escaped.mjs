/* Slashes and characters beyond ASCII are escaped; numbers are left to JavaScript. */

import { serve } from "./adapter.mjs";

serve("stringify_escaped", {
  canonicalize(text) {
    const data = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
    if (data === null || typeof data !== "object") {
      throw new TypeError("no object");
    }
    delete data.sign;
    delete data.sign_type;
    const pairs = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
    const written = pairs.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`);
    return `{${written.join(",")}}`
      .replace(/\//g, "\\/")
      .replace(/[\u0080-\uffff]/g, (c) =>
        "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  },
});
