// Where the `failway` program is: by the setting, else on the PATH.
'use strict';

const fs = require('fs');
const path = require('path');

function runs(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * @returns {{ program: string } | { missing: string }} the program, or words for the user
 */
function find(setting, env, platform) {
  const home = env.HOME || env.USERPROFILE || '';
  if (setting) {
    const program = setting.startsWith('~/') ? path.join(home, setting.slice(2)) : setting;
    return runs(program)
      ? { program }
      : { missing: `The setting \`failway.path\` names \`${setting}\`, but there is no program that can be run.` };
  }
  const names = platform === 'win32' ? ['failway.exe', 'failway.cmd'] : ['failway'];
  const folders = (env.PATH || env.Path || '').split(platform === 'win32' ? ';' : ':').filter(Boolean);
  // Editors started from a desktop often don't have it on their PATH.
  if (home) {
    folders.push(path.join(home, '.cargo', 'bin'));
  }
  for (const folder of folders) {
    for (const name of names) {
      const program = path.join(folder, name);
      if (runs(program)) {
        return { program };
      }
    }
  }
  return {
    missing:
      'There is no `failway` on the PATH, so policies are coloured but not checked. ' +
      'Install it (`cargo install --path .` in its repository), or say where it is in the setting `failway.path`.',
  };
}

module.exports = { find };
