// Asks your JavaScript code what the conformance kit wants to know:
//
//     kesspay conformance run -- node adapter.mjs

import {createInterface} from 'node:readline';

/** Your code refuses the input. Any other error is an error, which blames no rule. */
class Refused extends Error {}

// ---- your code: replace the body of canonicalize() ----------------------------------

/** The canonical form of a JSON text (a Buffer): what is signed. */
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

// Other operations: "verify" gets text and key, "sign" and "body" too; "key" gets kind,
// text and password; "base64" gets text. README.md of the kit says what each returns.
const operations = {
  canonicalize: ({text}) => canonicalize(text),
};

// ---- end of your code ---------------------------------------------------------------

for await (const line of createInterface({input: process.stdin})) {
  const {id, op, profile, kind, ...fields} = JSON.parse(line);
  let answer = {id};
  if (op === 'hello') {
    answer = {protocol: 1, name: 'my-kess', version: '1', language: `Node ${process.versions.node}`,
      ops: Object.keys(operations), profiles: []};
  } else if (!(op in operations)) {
    answer.unsupported = 'this operation';
  } else {
    for (const name of Object.keys(fields)) fields[name] = Buffer.from(fields[name], 'base64');
    try {
      answer.bytes = Buffer.from(await operations[op]({kind, ...fields})).toString('base64');
    } catch (error) {
      answer[error instanceof Refused ? 'refused' : 'error'] = error.message;
    }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
