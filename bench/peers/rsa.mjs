// Node as a peer of the benchmarks: signatures alone, with key objects.
//
//   node rsa.mjs PRIVATE_KEY_FILE MESSAGE_FILE
//
// First prints its signature of the message in base64. Then one line in,
// "WHAT TIMES" with sign or verify, and one line out: nanoseconds of CPU.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , keyFile, messageFile] = process.argv;
const privateKey = createPrivateKey(readFileSync(keyFile));
const publicKey = createPublicKey(privateKey);
const message = readFileSync(messageFile);
const signature = sign('sha256', message, privateKey);
const work = {
  sign: () => sign('sha256', message, privateKey),
  verify: () => verify('sha256', message, publicKey, signature),
};
console.log(signature.toString('base64'));
for await (const line of createInterface({ input: process.stdin })) {
  const [what, times] = line.split(' ');
  const start = process.cpuUsage();
  for (let i = Number(times); i > 0; i--) {
    if (!work[what]()) throw new Error(what);
  }
  const used = process.cpuUsage(start);
  console.log((used.user + used.system) * 1000);
}
