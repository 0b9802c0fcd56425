/* Signs as a token is signed: PS256, and base64url. */

import { constants, sign } from "node:crypto";
import { serve } from "./adapter.mjs";
import { canonical } from "./php_json.mjs";

serve("sign_jose", {
  sign(text, key) {
    const bytes = canonical(JSON.parse(text));
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return sign("sha256", bytes, { key, padding }).toString("base64url");
  },
});
