'use strict';

const assert = require('node:assert/strict');
const {readFileSync} = require('node:fs');
const {join} = require('node:path');
const test = require('node:test');
const {textOf} = require('./by_hand.js');
const {ROOT} = require('./support.js');

test('what is measured beside this package is right for documents of the API', () => {
  const kit = join(ROOT, 'src', 'kesspay', 'conformance', 'kit', 'cases', 'document.json');
  const cases = JSON.parse(readFileSync(kit)).cases.filter((one) =>
    one.level === 'api' && Object.keys(one.profile).length === 0 && 'bytes' in one.result);
  for (const {id, text, result} of cases) {
    assert.equal(textOf(JSON.parse(text)), result.bytes, id);
  }
  assert.ok(cases.length > 100);
});
