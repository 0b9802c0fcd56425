// Runs the conformance kit on your JavaScript code, without Python:
//
//     node runner.mjs [KIT [LEVEL]]     KIT: the folder of KIT.json; LEVEL: api, any-document or hostile

import {readFileSync, readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** Your code refuses the input. Any other error fails the case as well. */
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

const [kit = join(dirname(fileURLToPath(import.meta.url)), '..'), most = 'hostile'] = process.argv.slice(2);
const levels = ['api', 'any-document', 'hostile'];
const read = (...path) => JSON.parse(readFileSync(join(kit, ...path)));
const shown = (bytes) => bytes?.subarray(0, 300).toString('latin1')
  .replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`) ?? 'a refusal';
const failed = new Map();
let [passed, skipped, failures] = [0, 0, 0];
for (const file of readdirSync(join(kit, 'cases')).filter((name) => name.endsWith('.json')).sort()) {
  const area = read('cases', file);
  for (const one of area.cases) {
    const operation = operations[area.op];
    if (!operation || Object.keys(one.profile).length || levels.indexOf(one.level) > levels.indexOf(most)) {
      skipped += 1;
      continue;
    }
    const given = {kind: one.kind};
    for (const field of ['text', 'key', 'password']) {
      if (`${field}_base64` in one) given[field] = Buffer.from(one[`${field}_base64`], 'base64');
    }
    const expected = 'refused' in one.result ? null : Buffer.from(one.result.bytes_base64, 'base64');
    let actual = null;
    try {
      actual = Buffer.from(await operation(given));
    } catch (error) {
      if (!(error instanceof Refused)) actual = Buffer.from(`error: ${error.message}`);
    }
    if (expected === null ? actual === null : actual?.equals(expected)) {
      passed += 1;
    } else {
      failures += 1;
      failed.set(one.rule, [...failed.get(one.rule) ?? [], [one.id, ...[given.text, expected, actual].map(shown)]]);
    }
  }
}
for (const {id, title, level, doc, hints} of read('rules.json').rules.filter((rule) => failed.has(rule.id))) {
  const [[name, text, expected, actual]] = failed.get(id);
  console.log(`${id}  ${title} (${level}, ${failed.get(id).length} failed)\n  ${name}  ${text}\n` +
    `    expected  ${expected}\n    actual    ${actual}\n  ${[hints.Node, doc].filter(Boolean).join('\n  ')}`);
}
console.log(`${passed} passed, ${failures} failed in ${failed.size} rules, ${skipped} not run`);
process.exitCode = failed.size ? 1 : passed ? 0 : 2;
