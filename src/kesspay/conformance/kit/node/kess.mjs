// Your code, which the adapter and the runner in this folder ask.

/** Your code refuses the input. Any other error is an error, which blames no rule. */
export class Refused extends Error {}

/** The canonical form of a JSON text (a Buffer): what is signed. Replace the body. */
function canonicalize(text) {
  let data;
  try {
    data = JSON.parse(text.toString());
  } catch (error) {
    throw new Refused(error.message);
  }
  if (typeof data !== 'object' || data === null) throw new Refused('no object and no array');
  if (Array.isArray(data)) return JSON.stringify(data);
  const keys = Object.keys(data).filter((key) => key !== 'sign' && key !== 'sign_type').sort();
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, data[key]])));
}

// What your code does, each with up to four Buffers: text, key (PEM), kind of the key
// ('private' or 'public') and password; undefined where there is none. README.md of the
// kit says what verify, sign, body, key and base64 are given, and what they return: a
// Buffer or a string, or a promise of one.
export const operations = {canonicalize};
