/* The body as it came, with the signature cut out of it. */

import { verify } from "node:crypto";
import { serve } from "./adapter.mjs";

serve("verify_raw", {
  verify(text, key) {
    const body = text.toString();
    const found = /"sign"\s*:\s*"([^"]*)"/.exec(body);
    const rest = body
      .replace(/,?"sign"\s*:\s*"[^"]*"/, "")
      .replace(/,?"sign_type"\s*:\s*"[^"]*"/, "")
      .replace("{,", "{");
    if (!verify("sha256", Buffer.from(rest), key, Buffer.from(found[1], "base64"))) {
      throw new Error("wrong signature");
    }
    return rest;
  },
});
