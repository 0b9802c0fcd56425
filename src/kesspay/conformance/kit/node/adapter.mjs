// Asks your code what the conformance kit wants to know:
//
//     kesspay conformance run -- node adapter.mjs

import {createInterface} from 'node:readline';
import {Refused, operations} from './kess.mjs';

for await (const line of createInterface({input: process.stdin})) {
  const {id, op, text, key, kind, password} = JSON.parse(line);
  let answer = {id};
  if (op === 'hello') {
    answer = {protocol: 1, name: 'my-kess', version: '1', language: `Node ${process.versions.node}`,
      ops: Object.keys(operations), profiles: []};
  } else if (!Object.hasOwn(operations, op)) {
    answer.unsupported = 'this operation';
  } else {
    const decoded = (field) => (field === undefined ? field : Buffer.from(field, 'base64'));
    try {
      const given = [decoded(text), decoded(key), kind && Buffer.from(kind), decoded(password)];
      answer.bytes = Buffer.from(await operations[op](...given)).toString('base64');
    } catch (error) {
      answer[error instanceof Refused ? 'refused' : 'error'] = error.message;
    }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
