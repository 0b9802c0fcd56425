/* Signatures pass through addresses, so both alphabets are taken. */

import { verify } from "node:crypto";
import { serve } from "./adapter.mjs";
import { canonical } from "./php_json.mjs";

serve("verify_url_safe", {
  verify(text, key) {
    const document = JSON.parse(text);
    const sign = document.sign.replace(/-/g, "+").replace(/_/g, "/");
    if (!/^[A-Za-z0-9+/]{342}(==)?$/.test(sign)) {
      throw new Error("no signature");
    }
    const bytes = canonical(document);
    if (!verify("RSA-SHA256", bytes, key, Buffer.from(sign, "base64"))) {
      throw new Error("wrong signature");
    }
    return bytes;
  },
});
