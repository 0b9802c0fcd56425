// node verify.mjs HEADER LIBRARY KEY < BODY
import {readFileSync} from 'node:fs';
import koffi from 'koffi';

const [header, library, keyFile] = process.argv.slice(2);
koffi.alias('kess_status', 'int');
koffi.opaque('kess_key');
koffi.opaque('kess_request');
koffi.struct('kess_options', {profile: 'uint32_t', max_depth: 'uint32_t'});
koffi.struct('kess_error', {status: 'int32_t', item: 'int32_t', pos: 'uint64_t'});
const lib = koffi.load(library);
const kess = {};
for (const line of readFileSync(header, 'utf8').split('\n'))
  if (line.endsWith(');'))
    kess[line.match(/(\w+)\(/)[1]] =
      lib.func(line.replace('kess_key **', '_Out_ kess_key **'));

const body = readFileSync(0);
const key = [null];
const out = Buffer.alloc(Number(kess.kess_canonical_bound(body.length)));
const size = new BigUint64Array([BigInt(out.length)]);
let status = kess.kess_public_key_load_file(key, keyFile, 0, null);
if (status === 0) {
  status = kess.kess_verify_document(key[0], out, size, body, body.length, null, null);
  kess.kess_key_free(key[0]);
}
if (status !== 0) {
  console.error('refused: ' + kess.kess_status_message(status));
  process.exit(1);
}
// Read values from these bytes only, never from the body.
process.stdout.write(out.subarray(0, Number(size[0])));
