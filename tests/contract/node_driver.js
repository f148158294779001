// Calls the official Node SDK as it is told: one JSON object a line in, one out.
'use strict';

const readline = require('readline');
const smartcar = require('smartcar');

process.on('warning', () => {}); // deprecated options warn
const lines = readline.createInterface({input: process.stdin});

async function answer(line) {
  const {function: name, args} = JSON.parse(line);
  try {
    return {value: (await smartcar[name](...args)) ?? null};
  } catch (error) {
    const attributes = {};
    for (const key of Object.getOwnPropertyNames(error)) {
      if (key !== 'stack') attributes[key] = error[key];
    }
    return {error: {class: error.constructor.name, text: String(error), attributes}};
  }
}

(async () => {
  for await (const line of lines) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
})();
