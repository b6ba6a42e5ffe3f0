// Starts `failway lsp` and tells the user plainly when there is none to start.
'use strict';

const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');
const { find } = require('./find');

/** @type {LanguageClient | undefined} */
let client;

async function start() {
  const settings = vscode.workspace.getConfiguration('failway');
  const found = find(settings.get('path') || '', process.env, process.platform);
  if (found.missing) {
    const choice = await vscode.window.showErrorMessage(found.missing, 'Open settings');
    if (choice === 'Open settings') {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'failway.path');
    }
    return;
  }
  client = new LanguageClient(
    'failway',
    'Failway',
    { command: found.program, args: ['lsp'] },
    {
      documentSelector: [{ language: 'failway', scheme: 'file' }, { language: 'failway', scheme: 'untitled' }],
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher('**/{*.failway,failway.toml}') },
    },
  );
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    vscode.window.showErrorMessage(
      `\`${found.program} lsp\` did not start: ${error.message}. Is it an up-to-date \`failway\`?`,
    );
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running) {
    await running.stop();
  }
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand('failway.restart', async () => {
      await stop();
      await start();
    }),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration('failway.path')) {
        await stop();
        await start();
      }
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
