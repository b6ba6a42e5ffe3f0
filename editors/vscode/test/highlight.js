// Every example and every policy in the documents is coloured: nothing in it is marked as wrong, and no
// word is left without a scope of its own.
'use strict';

const fs = require('fs');
const path = require('path');
const oniguruma = require('vscode-oniguruma');
const textmate = require('vscode-textmate');

const repo = process.env.FAILWAY_REPO || path.join(__dirname, '..', '..', '..');
const read = (...parts) => fs.readFileSync(path.join(...parts), 'utf8');

/** All policies: [where, text]. */
function policies() {
  const found = [];
  const examples = path.join(repo, 'examples');
  for (const folder of fs.readdirSync(examples)) {
    const dir = path.join(examples, folder);
    if (!fs.statSync(dir).isDirectory()) continue;
    for (const file of fs.readdirSync(dir).filter((f) => f.endsWith('.failway'))) {
      found.push([`examples/${folder}/${file}`, read(dir, file)]);
    }
  }
  const pages = fs
    .readdirSync(path.join(repo, 'docs', 'codes'))
    .filter((f) => /^FW\d+\.md$/.test(f))
    .map((f) => path.join('docs', 'codes', f));
  for (const page of [...pages, 'README.md', 'docs/reference.md', 'docs/tutorial.md']) {
    // The first example of a page about syntax is wrong on purpose.
    const syntax = /FW0\d\d\.md$/.test(page);
    const blocks = read(repo, page).split('```failway\n').slice(1);
    blocks.forEach((block, at) => {
      if (!(syntax && at + 1 < blocks.length)) found.push([`${page}, block ${at + 1}`, block.split('\n```')[0]]);
    });
  }
  return found;
}

async function main() {
  const wasm = fs.readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm')).buffer;
  await oniguruma.loadWASM(wasm);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (sources) => new oniguruma.OnigScanner(sources),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => {
      const file = path.join(__dirname, '..', 'syntaxes', 'failway.tmLanguage.json');
      return textmate.parseRawGrammar(fs.readFileSync(file, 'utf8'), file);
    },
  });
  const grammar = await registry.loadGrammar('source.failway');
  const wrong = [];
  let tokens = 0;
  const all = policies();
  for (const [where, text] of all) {
    let stack = textmate.INITIAL;
    text.split('\n').forEach((line, at) => {
      const made = grammar.tokenizeLine(line, stack);
      stack = made.ruleStack;
      for (const token of made.tokens) {
        const words = line.slice(token.startIndex, token.endIndex);
        // `…` in a document stands for what is left out.
        if (!words.trim() || words.trim() === '…') continue;
        tokens += 1;
        const scopes = token.scopes.slice(1);
        if (scopes.length === 0 || scopes.some((s) => s.startsWith('invalid'))) {
          wrong.push(`${where}, line ${at + 1}: \`${words}\` is ${scopes.join(' ') || 'nothing'}`);
        }
      }
    });
  }
  if (wrong.length > 0) {
    console.error(wrong.slice(0, 40).join('\n'));
    process.exit(1);
  }
  if (all.length < 60) throw new Error(`only ${all.length} policies`);
  console.log(`highlight: ${tokens} tokens in ${all.length} policies, each with a scope`);
}

main();
