// Calls the official Node SDK as it is told: one JSON object a line in, one out.
//
// `auth.x`, `vehicle.x` and `service.x` are methods: the first argument holds what the object is made with; `util.x` is
// of the inner module. What a call returns that can be called itself, as the items of a batch, is called, and stands
// there as an answer of its own.
'use strict';

const readline = require('readline');
const smartcar = require('smartcar');
const SmartcarService = require('smartcar/lib/smartcar-service');
const util = require('smartcar/lib/util');

process.on('warning', () => {}); // deprecated options warn
const lines = readline.createInterface({input: process.stdin});

const MADE = {
  auth: (given) => new smartcar.AuthClient(given),
  vehicle: ({id, token, ...options}) => new smartcar.Vehicle(id, token, options),
  service: (given) => new SmartcarService(given),
  util: () => util,
};

function plain(value) {
  if (typeof value === 'function') return outcome(value);
  if (value instanceof Date) return {date: value.toISOString()};
  if (value instanceof SmartcarService) return {class: 'SmartcarService', baseUrl: value.baseUrl};
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

function failed(error) {
  const attributes = {};
  for (const key of Object.getOwnPropertyNames(error)) {
    if (key !== 'stack') attributes[key] = error[key];
  }
  const known = error instanceof smartcar.SmartcarError;
  return {error: {class: error.constructor.name, known, text: String(error), attributes}};
}

function outcome(call) {
  try {
    return {value: plain(call()) ?? null};
  } catch (error) {
    return failed(error);
  }
}

async function made(kind, method, [given, ...rest]) {
  const object = MADE[kind](given);
  return method === 'new' ? {class: object.constructor.name, ...object} : object[method](...rest);
}

const ABOUT = {
  exports: () => Object.keys(smartcar).sort(),
  methods: () => Object.keys(smartcar.Vehicle.prototype),
  all: (...calls) => Promise.all(calls.map(([name, ...args]) => answer(name, args))), // all at once
};

async function answer(name, args) {
  const [kind, method] = name.split('.');
  try {
    if (ABOUT[name]) return {value: await ABOUT[name](...args)};
    const value = await (method ? made(kind, method, args) : smartcar[name](...args));
    return {value: plain(value) ?? null};
  } catch (error) {
    return failed(error);
  }
}

(async () => {
  for await (const line of lines) {
    const asked = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(await answer(asked.function, asked.args))}\n`);
  }
})();
