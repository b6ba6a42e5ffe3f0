// Finding the program: by setting, on the PATH, in ~/.cargo/bin, or a message that says what to do.
'use strict';

const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { find } = require('../src/find');

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'failway-'));
const make = (...parts) => {
  const file = path.join(home, ...parts);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 });
  return file;
};
const env = { HOME: home, PATH: [path.join(home, 'nothing'), path.join(home, 'bin')].join(':') };

assert.match(find('', env, 'linux').missing, /no `failway` on the PATH.*failway\.path/);
assert.match(find('/gone/failway', env, 'linux').missing, /names `\/gone\/failway`/);
const cargo = make('.cargo', 'bin', 'failway');
assert.deepStrictEqual(find('', env, 'linux'), { program: cargo });
const onPath = make('bin', 'failway');
assert.deepStrictEqual(find('', env, 'linux'), { program: onPath });
const set = make('own', 'failway');
assert.deepStrictEqual(find('~/own/failway', env, 'linux'), { program: set });
fs.chmodSync(set, 0o644);
if (process.getuid?.() !== 0 || !fs.statSync(set).mode & 0o111) {
  assert.match(find(set, env, 'linux').missing, /no program that can be run/);
}
assert.match(find(path.join(home, 'own'), env, 'linux').missing, /no program that can be run/);
fs.rmSync(home, { recursive: true });
console.log('find: all cases as expected');
