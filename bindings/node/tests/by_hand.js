'use strict';

// What one writes without this package: right for documents of the API, and for no
// others. bench.js measures it; by_hand.test.js judges it with the conformance kit.

function isEmpty(value) {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** The text that was signed, of a document that JSON.parse has read. */
function textOf(values) {
  const keys = Object.keys(values).filter((key) => key !== 'sign' && key !== 'sign_type').sort();
  const sorted = Object.fromEntries(keys.map((key) => [key, values[key]]));
  return JSON.stringify(Array.isArray(values) ? values : sorted,
    (key, value) => (isEmpty(value) ? [] : value))
    .replaceAll('/', '\\/')
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

module.exports = {textOf};
