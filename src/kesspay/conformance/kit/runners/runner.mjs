// Asks your adapter every case of the conformance kit, without Python:
//
//     node runner.mjs [KIT [LEVEL [COMMAND...]]]
//
// KIT: the folder of KIT.json. LEVEL: api, any-document or hostile. COMMAND: what starts
// the adapter; without it, adapters/adapter.mjs of the kit.

import {spawn} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

const [kit = join(dirname(fileURLToPath(import.meta.url)), '..'), most = 'hostile', ...command] = process.argv.slice(2);
const levels = {api: 1, 'any-document': 2, hostile: 3};
const [program, ...words] = command.length ? command : [process.execPath, join(kit, 'adapters/adapter.mjs')];
const adapter = spawn(program, words, {stdio: ['pipe', 'pipe', 'inherit']});
const answers = createInterface({input: adapter.stdout})[Symbol.asyncIterator]();
const ask = async (question) => {
  adapter.stdin.write(`${JSON.stringify(question)}\n`);
  return JSON.parse((await answers.next()).value);
};
const decoded = (field) => field === '-' ? 'a refusal' : Buffer.from(field, 'base64').toString('latin1');
const shown = (text) => text.slice(0, 300).replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
// A body has more than one right answer, which `kesspay conformance run` can judge.
const ops = (await ask({op: 'hello', protocol: 1, kit: '1'})).ops.filter((op) => op !== 'body');
const broken = new Set();
let [passed, failed, skipped] = [0, 0, 0];
for (const file of readdirSync(join(kit, 'cases')).filter((name) => name.endsWith('.tsv')).sort()) {
  const [names, ...rows] = readFileSync(join(kit, 'cases', file), 'utf8').trimEnd().split('\n').map((line) => line.split('\t'));
  for (const one of rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at]])))) {
    const fields = ['kind', 'key', 'text', 'password'].filter((name) => one[name] !== '-').map((name) => [name, one[name]]);
    const isAsked = ops.includes(one.op) && one.profile === '-' && levels[one.level] <= levels[most];
    const {bytes = '-', unsupported, error} = isAsked ? await ask({id: 1, op: one.op, profile: '', ...Object.fromEntries(fields)}) : {unsupported: ''};
    if (unsupported !== undefined) skipped += 1;
    else if (error === undefined && bytes === one.result) passed += 1;
    else {
      failed += 1;
      if (!broken.has(one.rule)) {
        console.log(`${one.rule}  ${one.title} (${one.level})\n  ${one.id}  ${shown(decoded(one.text))}\n    expected  ${shown(decoded(one.result))}\n` +
          `    actual    ${shown(error === undefined ? decoded(bytes) : `error: ${error}`)}\n  ${one.Node}${one.doc}`);
      }
      broken.add(one.rule);
    }
  }
}
adapter.stdin.end();
console.log(`${passed} passed, ${failed} failed in ${broken.size} rules, ${skipped} not run`);
process.exitCode = failed ? 1 : passed ? 0 : 2;
