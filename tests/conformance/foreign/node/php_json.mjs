/* What PHP's json_encode gives for the messages of the API, in JavaScript. */

export function canonical(document) {
  const names = Object.keys(document).filter((k) => k !== "sign" && k !== "sign_type");
  const top = names.sort().map((k) => `${quoted(k)}:${written(document[k])}`);
  return Buffer.from(top.length ? `{${top.join(",")}}` : "[]");
}

function written(value) {
  if (typeof value === "string") {
    return quoted(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map(written).join(",")}]`;
  }
  if (value === null || typeof value !== "object") {
    return JSON.stringify(value);
  }
  const members = Object.entries(value).map(([k, v]) => `${quoted(k)}:${written(v)}`);
  return members.length ? `{${members.join(",")}}` : "[]";
}

function quoted(text) {
  return JSON.stringify(text)
    .replace(/\//g, "\\/")
    .replace(/[\u0080-\uffff]/g, (c) =>
      "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}
