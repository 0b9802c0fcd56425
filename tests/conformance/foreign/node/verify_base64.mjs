/* A verifier with Node's own base64, which takes both alphabets and skips the rest. */

import { createPublicKey, verify } from "node:crypto";
import { serve } from "./adapter.mjs";
import { canonical } from "./php_json.mjs";

serve("verify_base64", {
  verify(text, key) {
    const document = JSON.parse(text);
    const bytes = canonical(document);
    const signature = Buffer.from(document.sign, "base64");
    if (!verify("sha256", bytes, createPublicKey(key), signature)) {
      throw new Error("wrong signature");
    }
    return bytes;
  },
});
