// Runs the very script that verify.html carries, by the WebCrypto of Node.
//
//   node page.js DIR [VKEY]     checks the proof in the page of DIR, with the content that lies beside it
//   node page.js notes PAGE     reads lines of JSON (vkey, note) and says of each whether the signature holds
'use strict';
// Node has it under this name from version 19 on.
globalThis.crypto ??= require('crypto').webcrypto;
const fs = require('fs'), path = require('path'), readline = require('readline'), vm = require('vm');

const load = file => {
  const html = fs.readFileSync(file, 'utf8');
  const [data, script] = [...html.matchAll(/<script[^>]*>([^]*?)<\/script>/g)].map(found => found[1]);
  vm.runInThisContext(script);
  return JSON.parse(data);
};

async function notes(file) {
  load(file);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { vkey, note } = JSON.parse(line);
    let holds = false;
    try {
      holds = await isSigned(parseProof(`c2sp.org/tlog-proof@v1\nindex 0\n\n${note}`), parseVkey(vkey));
    } catch {}
    console.log(holds === true);
  }
}

async function folder(directory, vkey) {
  const data = load(path.join(directory, 'verify.html'));
  const content = new Uint8Array(fs.readFileSync(path.join(directory, 'content')));
  const { steps, state, verdict } = await checkProof(data, vkey, content);
  for (const step of steps) console.log(`${step.title}: ${step.state}. ${step.text}`);
  console.log(verdict);
  process.exitCode = state === 'holds' ? 0 : 1;
}

const [, , what, argument = ''] = process.argv;
(what === 'notes' ? notes(argument) : folder(what, argument)).catch(error => {
  console.log('refused:', error.message);
  process.exitCode = 1;
});
