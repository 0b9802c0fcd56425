// Asks your code the cases of the conformance kit, without Python:
//
//     node runner.mjs <cases/api.tsv

import {readFileSync} from 'node:fs';
import {Refused, operations} from './kess.mjs';

const decoded = (field) => (field === '-' ? undefined : Buffer.from(field, 'base64'));
const hex = (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
const broken = new Set();
let asked = 0;
for (const line of readFileSync(0, 'utf8').trimEnd().split('\n')) {
  const [op, ...fields] = line.split('\t');
  if (!Object.hasOwn(operations, op)) continue;
  asked += 1;
  const [text, key, kind, password, result] = fields.slice(0, 5).map(decoded);
  const [rule, title, example, expected, , hint] = fields.slice(5);
  let actual;
  try {
    const out = await operations[op](text, key, kind, password);
    actual = Buffer.from(out).toString('latin1');
  } catch (error) {
    if (!(error instanceof Refused)) actual = `error: ${error.message}`;
  }
  if (actual !== result?.toString('latin1') && !broken.has(rule)) {
    broken.add(rule);
    const shown = (actual ?? 'refused').slice(0, 300).replace(/[^ -~]/g, hex);
    console.log(`${title}\n  ${example}\n    expected  ${expected}`);
    console.log(`    actual    ${shown}\n  ${hint}`);
  }
}
console.log(`${asked} cases asked, ${broken.size} rules broken`);
process.exitCode = asked > 0 && broken.size === 0 ? 0 : 1;
